#pragma once
// The start record as JSON.

#include <string>
#include <string_view>

#include "shards/store/shard.hpp"

namespace litebench::store {

std::string to_json(const Provenance& provenance);

/// Throws Error{data} naming the file when a field is missing or of another type.
Provenance provenance_from_json(std::string_view text, std::string_view name_for_errors);

}  // namespace litebench::store
