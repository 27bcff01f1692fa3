#pragma once
// What all methods share that make N tokens out of the patches before the language model, some of
// them merged: BeforeLlmPruner for plans that are not a selection.

#include <cstdint>
#include <span>
#include <vector>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

class MergePruner : public Pruner {
 public:
  MergePruner(PrunerInfo info, const Budget& budget) : info_(std::move(info)), budget_(budget) {}

  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override;
  /// At N = all patches the unpruned model, whatever tokens the method would add (pruners.md §2.6).
  [[nodiscard]] TokenPlan before_llm(const VisionView& vision, const QueryView& queries,
                                     RunState* state) const override;

 protected:
  [[nodiscard]] std::int64_t tokens() const { return budget_.tokens; }
  /// N rows over CLS + patches in the method's native order. N is below the number of patches; 0
  /// where the image decides how many.
  [[nodiscard]] virtual TokenPlan merge(const VisionView& vision,
                                        const QueryView& queries) const = 0;

 private:
  PrunerInfo info_;
  Budget budget_;
};

/// Writes a plan over CLS + patches row by row. Patches are counted without CLS.
class PlanBuilder {
 public:
  explicit PlanBuilder(std::int64_t patches) : patches_(patches) {}

  /// One more part of the current row.
  void add(std::int64_t patch, float weight);
  /// Ends the current row; its anchor is the centroid of its parts, each counted by its weight.
  void end_row();
  /// Ends the current row; it stands where that patch was.
  void end_row_at_patch(std::int64_t patch);
  /// Ends the current row; it stands where the last patch was, as an extra token at the end does.
  void end_row_at_the_end();
  void select_patch(std::int64_t patch);
  void select_cls();
  [[nodiscard]] TokenPlan plan() &&;

 private:
  void end_row_at(float anchor);

  std::int64_t patches_;
  std::vector<std::int64_t> row_ptr_{0}, col_;
  std::vector<float> weight_, anchor_;
};

}  // namespace litebench::prune
