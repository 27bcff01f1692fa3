#pragma once
// The two files of a REFER data set, read separately. Private to this folder.

#include <filesystem>
#include <unordered_set>
#include <vector>

#include "shards/refer/refer.hpp"

namespace litebench::refer {

/// refs(*).p or grefs(*).json: a list of dicts in file order.
std::vector<Ref> read_refs(const std::filesystem::path& path);

/// Fills images, categories, and the annotations whose id is in `wanted`.
void read_instances(const std::filesystem::path& path,
                    const std::unordered_set<std::int64_t>& wanted, Dataset& dataset);

}  // namespace litebench::refer
