#pragma once
// A run from its options to its exit code: checks, plan, resume, hand-out, commits, tables.

#include "harness/cli/options.hpp"

namespace litebench::evaluate {

/// Runs on every rank. Returns an exit code of base/error.hpp; throws Error for what the user must
/// change first.
int run(const cli::RunOptions& options);

}  // namespace litebench::evaluate
