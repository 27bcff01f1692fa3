// LiteLVLM (arXiv 2605.13178): the patches least similar to the texts, filled up with those of
// highest context score.
#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/litelvlm_selection.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

class LiteLvlm final : public BeforeLlmPruner {
 public:
  LiteLvlm(PrunerInfo info, const Budget& budget, const std::string& variant)
      : BeforeLlmPruner(std::move(info), budget),
        paper_(variant == "paper"),
        expression_(variant == "expression" || variant == "code-v0") {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.joint = true;
    request.vision.layers = {
        {.layer = following_layer(geometry.vision), .q = true, .k = true, .v = true}};
    request.text = expression_ ? TextTap::expression : TextTap::protocol;
    return request;
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    const auto& tap = vision.features.layers.at(following_layer(vision.geometry.vision));
    const ContextLogits logits = paper_ ? ContextLogits::dot : ContextLogits::cosine;
    const at::Tensor parts[] = {similarity(vision.features.joint, queries.embeds, vision.scores),
                                context_score(tap, logits, vision.scores)};
    const HostScores host(parts);
    LiteLvlmScores scores;
    for (std::int64_t text = 0; text < queries.count(); ++text)
      scores.sim.push_back(host.row(text));
    scores.context_order =
        kernels::stable_argsort(host.row(queries.count()), kernels::Best::largest);
    return paper_ ? select_intersection(scores, tokens()) : select_union(scores, tokens());
  }

 private:
  bool paper_, expression_;
};

}  // namespace

Method litelvlm() {
  Method method;
  method.info = {.id = "litelvlm",
                 .title = "LiteLVLM",
                 .paper = "arXiv 2605.13178",
                 .fidelity = "code@5896153d8aa8",
                 .text_dependent = true,
                 .native_order = unit::OrderPolicy::native};
  method.help = "least similar patches of each text, filled with context patches";
  method.options = {
      {.name = "variant",
       .help = "code: released rule; paper: intersection over texts, unnormalised context logits; "
               "expression, code-v0: released rule with the bare expression as CLIP text",
       .values = {"code", "paper", "expression", "code-v0"}}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<LiteLvlm>(info, budget, options.at("variant"));
  };
  return method;
}

}  // namespace litebench::prune::methods
