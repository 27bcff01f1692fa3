#pragma once
// Times, memory, work and tokens from rows of /units. Private to audit/.

#include <string_view>

#include "analysis/audit/recompute.hpp"

namespace litebench::analysis::audit {

/// Metrics of the latency pass (pairs, prefill_ms, speed_up, memory, …) and of tokens.
bool is_unit_metric(std::string_view metric);
Evidence unit_evidence(const Ledger& ledger, std::string_view metric, const Where& where,
                       std::int16_t baseline);

}  // namespace litebench::analysis::audit
