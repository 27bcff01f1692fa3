#pragma once
// Rows of results.h5 against their hashes and against the shards. Private to audit/.

#include "analysis/audit/verify.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis::audit {

/// Tables whose rows are not those that were written.
void check_hashes(const std::filesystem::path& folder, Verification& found);
/// Every shard that /attempts names is there, whole and the one it was; its rows are those of results.h5.
void check_shards(const Run& run, const std::filesystem::path& folder, Verification& found);
/// Areas, intersection and union of every expression from its stored masks.
void check_masks(const Run& run, Verification& found);

}  // namespace litebench::analysis::audit
