// Plans that some program wrote before: whatever it looked at, here it is a table.

#include "model/prune/outside/outside_pruner.hpp"

namespace litebench::prune {
namespace {

class PlanPruner final : public OutsidePruner {
 public:
  PlanPruner(PrunerInfo info, std::int64_t tokens, PlanSource source)
      : OutsidePruner(std::move(info), tokens), source_(std::move(source)) {}

 protected:
  [[nodiscard]] Answer answer(const VisionView& vision, const QueryView&) const override {
    if (vision.sample == nullptr) throw MethodFailure("plans need to know whose they are");
    return source_(*vision.sample, vision.key.sample_id);
  }

 private:
  PlanSource source_;
};

}  // namespace

std::shared_ptr<const Pruner> plan_pruner(std::int64_t tokens, PlanSource source) {
  PrunerInfo info;
  info.id = "plan";
  info.title = "Plans from a file";
  info.fidelity = "outside";
  info.text_dependent = true;
  info.merges = true;
  info.native_order = unit::OrderPolicy::native;
  return std::make_shared<PlanPruner>(std::move(info), tokens, std::move(source));
}

}  // namespace litebench::prune
