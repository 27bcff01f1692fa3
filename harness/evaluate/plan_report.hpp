#pragma once
// `litebench plan`: what a run would do.

#include "harness/config/config.hpp"
#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/plan.hpp"
#include "model/geometry.hpp"

namespace litebench::evaluate {

/// Prints splits, variants (with what is infeasible and why), counts, sizes, missing pictures.
/// Throws Error{data} when a picture of the plan is missing.
void print_plan(const config::Config& config, const Plan& plan,
                const std::vector<PlannedMethod>& methods, const model::Geometry& geometry);

/// Bytes the run will write, from measured sizes of rows; for the check at the start.
std::uint64_t predicted_bytes(const config::Config& config, const Plan& plan);

}  // namespace litebench::evaluate
