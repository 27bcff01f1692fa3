#pragma once
// What all methods share that choose N patches before the language model: their schedule is N
// everywhere, and what is left to the method is which patches, in which order.

#include <cstdint>
#include <string>
#include <vector>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// N tokens at the input of every layer; infeasible above the number of patches.
std::variant<Schedule, Infeasible> same_in_every_layer(const Budget& budget,
                                                       const model::Geometry& geometry);

class BeforeLlmPruner : public Pruner {
 public:
  BeforeLlmPruner(PrunerInfo info, const Budget& budget)
      : info_(std::move(info)), budget_(budget) {}

  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  /// Exact, after-prune and layer-mean budgets are one and the same here. Infeasible above the
  /// number of patches.
  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override;
  [[nodiscard]] TokenPlan before_llm(const VisionView& vision, const QueryView& queries,
                                     RunState* state) const override;

 protected:
  [[nodiscard]] std::int64_t tokens() const { return budget_.tokens; }
  /// N distinct patches in the method's native order.
  [[nodiscard]] virtual std::vector<std::int64_t> choose(const VisionView& vision,
                                                         const QueryView& queries) const = 0;

 private:
  PrunerInfo info_;
  Budget budget_;
};

}  // namespace litebench::prune
