// SparseVLM (arXiv 2410.04417): visual tokens ranked by text tokens that resemble the image; part
// of the dropped ones is merged into a few new tokens.
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/query_rows.hpp"
#include "model/prune/raters.hpp"
#include "model/prune/sparsevlm_pruner.hpp"

namespace litebench::prune::methods {
namespace {

class SparseVlm final : public SparseVlmPruner {
 public:
  using SparseVlmPruner::SparseVlmPruner;

 protected:
  [[nodiscard]] bool recycles() const override { return true; }
  [[nodiscard]] TokenPlan cut(const LayerView& view, const Stage& stage, RunState*) const override {
    const at::Tensor scores = mean_attention(view, stage.layer - 1, rater_rows(view));
    return keep_and_recycle(view.visual(), scores, stage.kept);
  }
};

}  // namespace

Method sparsevlm() {
  Method method;
  method.info = {.id = "sparsevlm",
                 .title = "SparseVLM",
                 .paper = "arXiv 2410.04417",
                 .fidelity = "code@26a5f48813c4, v1, without its noise",
                 .text_dependent = true,
                 .merges = true,
                 .native_order = unit::OrderPolicy::native};
  method.help =
      "three cuts by the attention of text that resembles the image; N is the published "
      "setting of that name (192, 128, 96, 64), else the mean over layers";
  method.about =
      "Raters are the text tokens behind the image that its input embeddings resemble most. After "
      "layers 2, 6 and 15 the visual tokens stay that raters attended to most; three tenths of the "
      "dropped ones are clustered, and the clusters' means are appended.";
  method.quirks = {
      "Its budgets are means of what leaves each layer: \"192\" is a mean of 206.5 entering. Kept "
      "for 192, 128, 96 and 64; other budgets and mode=layermean count what enters.",
      "The released code adds noise to densities: left out, of equal ones the first is denser.",
      "Answers are among the candidates for raters in teacher forcing: kept."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    // Input embeddings of image and text, and at most every text row against all keys, three times.
    return row_probe_macs(g, kNominalTail, g.vision.patches()) +
           3 * row_probe_macs(g, kNominalTail, g.vision.patches() + kNominalPrompt);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<SparseVlm>(info, budget,
                                       SparseVlmPruner::Presets{{192, {300, 200, 110}},
                                                                {128, {303, 110, 36}},
                                                                {96, {238, 48, 26}},
                                                                {64, {66, 30, 17}}});
  };
  return method;
}

}  // namespace litebench::prune::methods
