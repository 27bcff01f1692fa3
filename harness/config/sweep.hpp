#pragma once
// One [[sweep]] entry: every key may be a list, and the entry stands for their product.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/toml_table.hpp"
#include "harness/config/config.hpp"

namespace litebench::config {

/// Lists multiply: a few lines could ask for more combinations than memory holds. Far more than a run can evaluate.
inline constexpr std::size_t kMaxProduct = 4096;
/// Throws Error{usage} for more; `entries` names the tables they come from.
void check_product(std::string_view entries, std::size_t size);

/// Keys other than method, tokens, mode, position, order, seeds are options of the method; whether the method knows them
/// is checked where the methods are known. Throws Error{usage}.
std::vector<SweptVariant> expand_sweep(TableReader& reader, std::uint32_t line);

}  // namespace litebench::config
