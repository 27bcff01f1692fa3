#include "model/prune/litelvlm_pruner.hpp"

#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/litelvlm_selection.hpp"
#include "model/prune/lots.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

// Keeps the draws apart from those of `random`. ASCII "fill".
constexpr std::uint32_t kFillerTag = 0x66696c6c;

class LiteLvlm final : public BeforeLlmPruner {
 public:
  LiteLvlm(PrunerInfo info, const Budget& budget, Filler filler, const std::string& variant)
      : BeforeLlmPruner(std::move(info), budget),
        filler_(filler),
        paper_(variant == "paper"),
        expression_(variant == "expression" || variant == "code-v0") {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.joint = true;
    const std::int64_t layer = filler_layer(geometry.vision);
    if (filler_ == Filler::context) {
      request.vision.layers = {{.layer = layer, .q = true, .k = true, .v = true}};
    } else if (filler_ == Filler::cls) {
      request.vision.layers = {{.layer = layer, .cls_row = true}};
    }
    request.text = expression_ ? TextTap::expression : TextTap::protocol;
    return request;
  }
  [[nodiscard]] at::Tensor scores(const VisionView& vision,
                                  const QueryView& queries) const override {
    return similarity(vision.features.joint, queries.embeds, vision.scores).mean(0);
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    std::vector<at::Tensor> parts = {
        similarity(vision.features.joint, queries.embeds, vision.scores)};
    if (filler_ != Filler::random) parts.push_back(filler_score(vision));
    const HostScores host(parts);
    LiteLvlmScores scores;
    scores.ties = vision.scores.ties;
    for (std::int64_t text = 0; text < queries.count(); ++text)
      scores.sim.push_back(host.row(text));
    scores.context_order =
        filler_ == Filler::random
            ? by_lot(vision.key, vision.patches(), kFillerTag)
            : kernels::stable_argsort(host.row(queries.count()), kernels::Best::largest,
                                      vision.scores.ties);
    return paper_ ? select_intersection(scores, tokens()) : select_union(scores, tokens());
  }

 private:
  [[nodiscard]] std::int64_t filler_layer(const model::ClipVisionGeometry& vision) const {
    return filler_ == Filler::cls ? producing_layer(vision) : following_layer(vision);
  }

  [[nodiscard]] at::Tensor filler_score(const VisionView& vision) const {
    const auto& tap = vision.features.layers.at(filler_layer(vision.geometry.vision));
    if (filler_ == Filler::cls) return cls_attention(tap, vision.scores);
    const ContextLogits logits = paper_ ? ContextLogits::dot : ContextLogits::cosine;
    return context_score(tap, logits, vision.scores);
  }

  Filler filler_;
  bool paper_, expression_;
};

}  // namespace

Method litelvlm_method(PrunerInfo info, const std::string& help, Filler filler) {
  Method method;
  method.info = std::move(info);
  method.info.text_dependent = true;
  method.info.draws = filler == Filler::random;
  method.info.native_order = unit::OrderPolicy::native;
  method.help = help;
  method.options = {
      {.name = "variant",
       .help = "code: released rule; paper: intersection over texts, unnormalised context logits; "
               "expression, code-v0: released rule with the bare expression as CLIP text",
       .values = {"code", "paper", "expression", "code-v0"}}};
  method.make = [filler](const PrunerInfo& made, const Budget& budget, const Options& options) {
    return std::make_shared<LiteLvlm>(made, budget, filler, options.at("variant"));
  };
  return method;
}

}  // namespace litebench::prune
