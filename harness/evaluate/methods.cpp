#include "harness/evaluate/methods.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/evaluate/outside.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"

namespace litebench::evaluate {
namespace {

PlannedMethod plan_method(const prune::Registry& registry, OutsideMethods& outside,
                          const config::SweptVariant& swept, const model::Geometry& geometry) {
  PlannedMethod method;
  method.variant = swept.variant;
  method.pruner = swept.variant.file.empty() ? registry.make(swept.variant)
                                             : outside.make(swept.variant);
  method.position = prune::resolved(swept.variant.position, method.pruner->info());
  const auto schedule = method.pruner->schedule(geometry);
  if (const auto* infeasible = std::get_if<prune::Infeasible>(&schedule)) {
    method.infeasible = infeasible->reason;
  } else {
    method.planned_mean = std::get<prune::Schedule>(schedule).mean();
  }
  if (swept.seeds > 1 && !method.pruner->info().draws) {
    throw Error(ExitCode::usage,
                fmt::format("{} cannot have {} seeds", unit::id_of(swept.variant), swept.seeds),
                "the method draws nothing, so every seed would give the same row",
                "set seeds only for methods that draw");
  }
  return method;
}

void merge(model::ClipTap& into, const model::ClipTap& tap) {
  into.cls_row |= tap.cls_row;
  into.q |= tap.q;
  into.k |= tap.k;
  into.v |= tap.v;
}

}  // namespace

std::vector<PlannedMethod> make_methods(const config::Config& config,
                                        const model::Geometry& geometry, c10::Device device) {
  const prune::Registry registry = prune::builtin_registry();
  OutsideMethods outside(device);
  std::vector<PlannedMethod> methods;
  for (const config::SweptVariant& swept : config.variants) {
    try {
      methods.push_back(plan_method(registry, outside, swept, geometry));
    } catch (const Error& error) {
      if (error.code() != ExitCode::usage || swept.line == 0) throw;
      throw Error(ExitCode::usage, fmt::format("cannot use the [[sweep]] at line {}", swept.line),
                  error.what(),
                  "correct it; `litebench list methods` names methods and their options");
    }
  }
  return methods;
}

prune::TapRequest taps_of(const std::vector<PlannedMethod>& methods,
                          const model::Geometry& geometry) {
  prune::TapRequest all;
  for (const PlannedMethod& method : methods) {
    if (!method.infeasible.empty()) continue;
    const prune::TapRequest taps = method.pruner->taps(geometry);
    for (const model::ClipTap& tap : taps.vision.layers) {
      const auto same =
          std::find_if(all.vision.layers.begin(), all.vision.layers.end(),
                       [&](const model::ClipTap& known) { return known.layer == tap.layer; });
      if (same != all.vision.layers.end()) {
        merge(*same, tap);
      } else {
        all.vision.layers.push_back(tap);
      }
    }
    for (const std::int64_t hidden : taps.vision.hidden) {
      if (std::find(all.vision.hidden.begin(), all.vision.hidden.end(), hidden) ==
          all.vision.hidden.end()) {
        all.vision.hidden.push_back(hidden);
      }
    }
    all.vision.joint |= taps.vision.joint;
    all.projected |= taps.projected;
  }
  return all;
}

}  // namespace litebench::evaluate
