#include "model/prune/outside/outside_pruner.hpp"

#include <fmt/core.h>

#include "model/prune/before_llm_pruner.hpp"

namespace litebench::prune {

std::string name_of(const SampleName* sample) {
  return sample == nullptr ? "the image"
                           : fmt::format("image {} of {}", sample->image_id, sample->split);
}

std::variant<Schedule, Infeasible> OutsidePruner::schedule(const model::Geometry& geometry) const {
  return same_in_every_layer({.tokens = tokens_}, geometry);
}

TokenPlan OutsidePruner::before_llm(const VisionView& vision, const QueryView& queries,
                                    RunState*) const {
  const auto fail = [&](std::string_view why) {
    return MethodFailure(fmt::format("{}: {}", name_of(vision.sample), why));
  };
  Answer answered;
  try {
    answered = answer(vision, queries);
  } catch (const MethodFailure& failure) {
    throw fail(failure.what());
  }
  const std::string problem =
      problem_of(answered, {.tokens = tokens_, .patches = vision.patches()});
  if (!problem.empty()) throw fail(problem);
  PlanRows rows = rows_of(answered);
  return TokenPlan::rows(std::move(rows.row_ptr), std::move(rows.col), std::move(rows.weight),
                         std::move(rows.anchor), 1 + vision.patches());
}

}  // namespace litebench::prune
