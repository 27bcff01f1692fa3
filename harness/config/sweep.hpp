#pragma once
// One [[sweep]] entry: every key may be a list, and the entry stands for their product.

#include <cstdint>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/config/table_reader.hpp"

namespace litebench::config {

/// Keys other than method, tokens, mode, position, order, seeds are options of the method; whether
/// the method knows them is checked where the methods are known. Throws Error{usage}.
std::vector<SweptVariant> expand_sweep(TableReader& reader, std::uint32_t line);

}  // namespace litebench::config
