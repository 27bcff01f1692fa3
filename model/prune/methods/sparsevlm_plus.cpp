// SparseVLM+ (second release of arXiv 2410.04417): the raters' attention freed from the rotary
// embedding's preference for near tokens, of the heads that look at the image most; nothing merged.
#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/pow.h>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/query_rows.hpp"
#include "model/prune/raters.hpp"
#include "model/prune/scores.hpp"
#include "model/prune/sparsevlm_pruner.hpp"

namespace litebench::prune::methods {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr std::int64_t kHeads = 14, kOfHeads = 32;

at::Tensor to_device(const Indices& values, const at::Tensor& like) {
  auto* data = const_cast<std::int64_t*>(values.data());
  return at::from_blob(data, {std::ssize(values)}, at::kLong).clone().to(like.device());
}

/// What the rotary embedding alone makes of two equal vectors: ⟨R_i 1, R_j 1⟩ / √head_dim, [rows,
/// V]. Every pair of dimensions adds 2 cos of its angle between the positions. The published
/// formula divides by it although it may come near zero or below far away; here it stays above a
/// thousandth of its largest value.
at::Tensor rotary_bias(const LayerView& view, const Indices& rows, const at::Tensor& like) {
  const model::LlamaGeometry& llama = view.geometry().llama;
  const Indices positions = view.ledger().positions();
  const at::Tensor place = to_device(positions, like).to(at::kFloat);
  const at::Tensor visual =
      place.narrow(0, view.ledger().visual_begin(), view.ledger().visual_count());
  const at::Tensor apart =
      place.index_select(0, to_device(rows, like)).unsqueeze(1) - visual.unsqueeze(0);
  const auto dim = static_cast<double>(llama.head_dim());
  const at::Tensor exponent = at::arange(0, llama.head_dim(), 2, apart.options()) / (-dim);
  const at::Tensor frequency = at::pow(llama.rope_base, exponent);
  const at::Tensor bias = (apart.unsqueeze(2) * frequency).cos().sum(2) * (2 / std::sqrt(dim));
  return bias.clamp_min(std::sqrt(dim) * 1e-3);
}

class SparseVlmPlus final : public SparseVlmPruner {
 public:
  using SparseVlmPruner::SparseVlmPruner;

 protected:
  [[nodiscard]] bool recycles() const override { return false; }
  [[nodiscard]] TokenPlan cut(const LayerView& view, const Stage& stage, RunState*) const override {
    const Indices rows = rater_rows(view);
    const TokenLedger& ledger = view.ledger();
    const at::Tensor seen =
        view.probe(stage.layer - 1, rows).narrow(2, ledger.visual_begin(), ledger.visual_count());
    const at::Tensor freed = seen / rotary_bias(view, rows, seen);  // [heads, rows, V]
    const at::Tensor parts[] = {freed.sum(at::IntArrayRef{1, 2})};
    const HostScores mass(parts);
    const std::int64_t heads = (2 * kHeads * freed.size(0) + kOfHeads) / (2 * kOfHeads);
    const Indices best =
        kernels::stable_topk(mass.row(0), std::max<std::int64_t>(heads, 1), kernels::Best::largest);
    return keep_best(
        freed.index_select(0, to_device(raster(best), freed)).mean(at::IntArrayRef{0, 1}),
        stage.kept);
  }
};

}  // namespace

Method sparsevlm_plus() {
  Method method;
  method.info = {.id = "sparsevlm+",
                 .title = "SparseVLM+",
                 .paper = "arXiv 2410.04417",
                 .fidelity = "code@26a5f48813c4, v2",
                 .text_dependent = true,
                 .native_position = unit::PositionPolicy::original};
  method.help =
      "sparsevlm's cuts by attention without rotary bias, of the 14 heads of 32 that look "
      "at the image most; merges nothing";
  method.about =
      "The second release of SparseVLM: the same cuts, but raters' attention is divided by what "
      "the rotary embedding alone would make of it, only the heads that look at the image most "
      "count, nothing is merged, and positions stay.";
  method.quirks = {
      "The divisor can come near zero or below far away: here it stays above a thousandth of its "
      "largest value.",
      "14 heads of 32 count: in other models the same share, rounded.", "Budgets as in sparsevlm."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    // Input embeddings of image and text, and at most every text row against all keys, three times.
    return row_probe_macs(g, kNominalTail, g.vision.patches()) +
           3 * row_probe_macs(g, kNominalTail, g.vision.patches() + kNominalPrompt);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<SparseVlmPlus>(info, budget,
                                           SparseVlmPruner::Presets{{192, {300, 200, 118}},
                                                                    {128, {238, 108, 60}},
                                                                    {96, {246, 54, 28}},
                                                                    {64, {66, 34, 20}}});
  };
  return method;
}

}  // namespace litebench::prune::methods
