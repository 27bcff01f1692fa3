#include "model/prune/merge_pruner.hpp"

#include <cassert>
#include <cmath>

#include "model/prune/before_llm_pruner.hpp"

namespace litebench::prune {

std::variant<Schedule, Infeasible> MergePruner::schedule(const model::Geometry& geometry) const {
  if (tokens() == 0) return Schedule{};  // not known before the image is
  return same_in_every_layer(budget_, geometry);
}

TokenPlan MergePruner::before_llm(const VisionView& vision, const QueryView& queries,
                                  RunState* state) const {
  if (tokens() == vision.patches()) return Pruner::before_llm(vision, queries, state);
  TokenPlan plan = merge(vision, queries);
  assert(tokens() == 0 || plan.size() == tokens());
  return plan;
}

void PlanBuilder::add(std::int64_t patch, float weight) {
  assert(0 <= patch && patch < patches_);
  col_.push_back(1 + patch);
  weight_.push_back(weight);
}

void PlanBuilder::end_row() {
  double weighted = 0, sum = 0;
  for (auto e = static_cast<std::size_t>(row_ptr_.back()); e < col_.size(); ++e) {
    weighted += std::abs(static_cast<double>(weight_[e])) * static_cast<double>(col_[e]);
    sum += std::abs(static_cast<double>(weight_[e]));
  }
  end_row_at(sum > 0 ? static_cast<float>(weighted / sum) : 0.0F);
}

void PlanBuilder::end_row_at_patch(std::int64_t patch) {
  end_row_at(static_cast<float>(1 + patch));
}

void PlanBuilder::end_row_at_the_end() { end_row_at(static_cast<float>(patches_)); }

void PlanBuilder::end_row_at(float anchor) {
  row_ptr_.push_back(static_cast<std::int64_t>(col_.size()));
  anchor_.push_back(anchor);
}

void PlanBuilder::select_patch(std::int64_t patch) {
  add(patch, 1);
  end_row();
}

void PlanBuilder::select_cls() {
  col_.push_back(0);
  weight_.push_back(1);
  end_row_at(0);
}

TokenPlan PlanBuilder::plan() && {
  return TokenPlan::rows(std::move(row_ptr_), std::move(col_), std::move(weight_),
                         std::move(anchor_), 1 + patches_);
}

}  // namespace litebench::prune
