#pragma once
// First runs a second time. Private to audit/.

#include <string_view>

#include "analysis/audit/recompute.hpp"

namespace litebench::analysis::audit {

/// starts, first_ms, warm_ms, first_over_warm.
bool is_cold_metric(std::string_view metric);
Evidence cold_evidence(const Ledger& ledger, std::string_view metric, const Where& where);

}  // namespace litebench::analysis::audit
