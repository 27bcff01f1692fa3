#pragma once
// What methods from outside share: N tokens before the language model, chosen by something that
// litebench did not write. Its answers are checked one by one.

#include <functional>
#include <memory>
#include <string>

#include "model/prune/answer/answer.hpp"
#include "model/prune/pruner.hpp"

namespace litebench::prune {

class OutsidePruner : public Pruner {
 public:
  OutsidePruner(PrunerInfo info, std::int64_t tokens) : info_(std::move(info)), tokens_(tokens) {}

  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  /// N in every layer; infeasible above the number of patches.
  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override;
  /// Throws MethodFailure, with the image in its message, when there is no usable answer.
  [[nodiscard]] TokenPlan before_llm(const VisionView& vision, const QueryView& queries,
                                     RunState* state) const override;

 protected:
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }
  /// Throws MethodFailure when there is none. Out of memory is not the method's failure.
  [[nodiscard]] virtual Answer answer(const VisionView& vision, const QueryView& queries) const = 0;

 private:
  PrunerInfo info_;
  std::int64_t tokens_;
};

/// "image 7 of refcoco/val", as messages name it.
std::string name_of(const SampleName* sample);

/// A file of plans as the pruner sees it: the answer for a sample and its conversation's id, or
/// MethodFailure.
using PlanSource = std::function<Answer(const SampleName& sample, std::uint64_t sample_id)>;

/// `plan:FILE`
std::shared_ptr<const Pruner> plan_pruner(std::int64_t tokens, PlanSource source);

}  // namespace litebench::prune
