#pragma once
// The swept variants as pruners, checked against the model's geometry before anything runs.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "harness/config/config.hpp"
#include "model/geometry.hpp"
#include "model/prune/pruner.hpp"

namespace litebench::evaluate {

struct PlannedMethod {
  unit::Variant variant;
  std::shared_ptr<const prune::Pruner> pruner;
  unit::PositionPolicy position = unit::PositionPolicy::compact;  ///< never native
  double planned_mean = 0;  ///< visual tokens entering a layer, mean over layers
  std::string infeasible;   ///< not empty: why the budget cannot be met
};

/// One per Config::variants. Throws Error{usage} for unknown methods and options, naming the
/// [[sweep]] line. `device`: where methods from outside that bring weights compute.
std::vector<PlannedMethod> make_methods(const config::Config& config,
                                        const model::Geometry& geometry,
                                        c10::Device device = c10::kCPU);

/// What all methods together want to see.
prune::TapRequest taps_of(const std::vector<PlannedMethod>& methods,
                          const model::Geometry& geometry);

}  // namespace litebench::evaluate
