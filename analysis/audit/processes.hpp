#pragma once
// The table of processes (stragglers) from rows of /bundles. Private to audit/.

#include "analysis/audit/recompute.hpp"

namespace litebench::analysis::audit {

/// rank, bundles, busy_s, idle_s, idle, tail_s, longest_s
bool is_process_metric(std::string_view metric);
/// `subject`: "attempt/rRANK".
Evidence process_evidence(const Run& run, std::string_view metric, std::string_view subject);

}  // namespace litebench::analysis::audit
