// The patches of highest context score alone: LiteLVLM without similarity.
#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class ContextOnly final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {
        {.layer = following_layer(geometry.vision), .q = true, .k = true, .v = true}};
    return request;
  }

  [[nodiscard]] at::Tensor scores(const VisionView& vision, const QueryView&) const override {
    return context_score(vision.features.layers.at(following_layer(vision.geometry.vision)),
                         ContextLogits::cosine, vision.scores);
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    const at::Tensor parts[] = {scores(vision, queries)};
    return kernels::stable_topk(HostScores(parts).row(0), tokens(), kernels::Best::largest,
                                vision.scores.ties);
  }
};

}  // namespace

Method context_only() {
  Method method;
  method.info = {.id = "context_only",
                 .title = "Context score",
                 .paper = "arXiv 2605.13178",
                 .fidelity = "code@5896153d8aa8",
                 .native_order = unit::OrderPolicy::native};
  method.help = "largest context score of LiteLVLM, best first";
  method.about =
      "Keeps the patches of the highest context score of LiteLVLM, best first: LiteLVLM without "
      "similarity.";
  method.quirks = {
      "The soft-max of its score is almost flat: the ranking is close to that of value_norm."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return 3.0 * static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<ContextOnly>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
