#pragma once
// The table "Which convention gives which number", counted again. Private to audit/.

#include "analysis/audit/masks.hpp"

namespace litebench::analysis::audit {

bool is_other_convention(std::string_view metric);
std::string formula_of_convention(std::string_view metric);
/// All but the two float32 ones.
SeedValue convention_value(const Ledger& ledger, std::string_view metric,
                           const std::vector<std::size_t>& rows);

}  // namespace litebench::analysis::audit
