// DART (arXiv 2502.11494): a few pivot tokens with large keys, and the visual tokens that duplicate
// them least.
#include <algorithm>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/decoder_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr std::int64_t kLayer = 2, kPivots = 4;  // of visual tokens, and as many of text

/// Rows of a LayerView that a choice is made from.
struct Range {
  std::int64_t begin, count;
};

/// The rows of largest L1 key norm in a range, ascending.
Indices pivots_of(std::span<const float> key_norms, const Range& range) {
  const auto part = key_norms.subspan(static_cast<std::size_t>(range.begin),
                                      static_cast<std::size_t>(range.count));
  Indices rows =
      raster(kernels::stable_topk(part, std::min(kPivots, range.count), kernels::Best::largest));
  for (std::int64_t& row : rows) row += range.begin;
  return rows;
}

/// Cosines of pivots (rows) and visual tokens (columns) of final-normed states, [pivots, V].
at::Tensor cosines(const LayerView& view, const Indices& pivots) {
  const at::Tensor states = view.final_norm(view.hidden()).to(at::kFloat);
  const at::Tensor unit =
      states / at::linalg_vector_norm(states, 2, {-1}, /*keepdim=*/true).clamp_min(1e-12);
  auto* data = const_cast<std::int64_t*>(pivots.data());
  const at::Tensor index = at::from_blob(data, {std::ssize(pivots)}, at::kLong).clone();
  const at::Tensor visual =
      unit.narrow(0, view.ledger().visual_begin(), view.ledger().visual_count());
  return at::matmul(unit.index_select(0, index.to(unit.device())), visual.t());
}

class Dart final : public DecoderPruner {
 public:
  Dart(PrunerInfo info, const Budget& budget, bool exact)
      : DecoderPruner(std::move(info), budget), exact_(exact) {}

  [[nodiscard]] TapRequest taps(const model::Geometry&) const override {
    TapRequest request;
    request.decoder_tail = true;  // every text row may be a pivot
    return request;
  }

 protected:
  [[nodiscard]] std::variant<Stages, Infeasible> stages(
      const model::Geometry& geometry) const override {
    auto planned = single_cut(budget(), kLayer, geometry);
    if (std::holds_alternative<Infeasible>(planned)) return planned;
    Stage& stage = std::get<Stages>(planned).front();
    if (stage.kept < 2 * kPivots) {
      return Infeasible{"fewer tokens than pivots: below 8 it would keep its pivots only"};
    }
    if (!exact_) stage.kept = kPivots + 2 * kPivots * (stage.kept / (2 * kPivots));
    return planned;
  }

  [[nodiscard]] TokenPlan cut(const LayerView& view, const Stage& stage, RunState*) const override {
    const TokenLedger& ledger = view.ledger();
    const Range visual{ledger.visual_begin(), ledger.visual_count()};
    const std::int64_t text = visual.begin + visual.count;
    const at::Tensor parts[] = {
        view.keys(stage.layer - 1).to(at::kFloat).abs().sum(at::IntArrayRef{0, 2})};
    const HostScores norms(parts);
    Indices pivots = pivots_of(norms.row(0), visual);
    std::vector<bool> kept(static_cast<std::size_t>(visual.count), false);
    for (const std::int64_t pivot : pivots)
      kept[static_cast<std::size_t>(pivot - visual.begin)] = true;
    for (const std::int64_t pivot : pivots_of(norms.row(0), {text, ledger.length() - text})) {
      pivots.push_back(pivot);
    }
    const at::Tensor rows[] = {cosines(view, pivots)};
    const HostScores host(rows);
    choose(host, stage.kept, kept);
    Indices index;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i]) index.push_back(static_cast<std::int64_t>(i));
    }
    return TokenPlan::gather(std::move(index), visual.count);
  }

 private:
  /// Every pivot in turn takes the least alike of the others; the last one fills up.
  void choose(const HostScores& cosines, std::int64_t tokens, std::vector<bool>& kept) const {
    std::int64_t missing = tokens - std::count(kept.begin(), kept.end(), true);
    // ⌊N/8⌋ each: the rule keeps 4 more than a multiple of 8, exact budgets a few less or more.
    const std::int64_t each = exact_ ? tokens / (2 * kPivots) : (tokens - kPivots) / (2 * kPivots);
    for (std::int64_t pivot = 0; pivot < cosines.count(); ++pivot) {
      std::int64_t take = pivot + 1 == cosines.count() ? missing : std::min(each, missing);
      for (const std::int64_t i :
           kernels::stable_argsort(cosines.row(pivot), kernels::Best::smallest)) {
        if (take == 0) break;
        if (kept[static_cast<std::size_t>(i)]) continue;
        kept[static_cast<std::size_t>(i)] = true;
        --take;
        --missing;
      }
    }
  }

  bool exact_;
};

}  // namespace

Method dart() {
  Method method;
  method.info = {.id = "dart",
                 .title = "DART",
                 .paper = "arXiv 2502.11494",
                 .fidelity = "code@d6a5af6f24f9, pivots in ascending order",
                 .text_dependent = true,
                 .native_position = unit::PositionPolicy::original};
  method.help =
      "one cut after two layers: 8 pivots by the size of their keys, and the tokens least "
      "like them";
  method.about =
      "Cuts once, before layer 2. Four visual and four text tokens with the largest keys are "
      "pivots; in turn each takes the visual tokens whose states are least like its own, and "
      "visual pivots and taken tokens stay.";
  method.quirks = {
      "Keeps 4 + 8 floor(N/8) tokens, more than N at the usual budgets: kept as released; "
      "exact=true keeps N by having the last pivot take fewer or more.",
      "Pivots take turns in the order of a Python set: here ascending, visual ones first.",
      "Below 8 tokens it would keep its pivots only: infeasible."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return 8.0 * static_cast<double>(g.vision.patches() * g.llama.hidden);
  };
  method.options = {{.name = "exact",
                     .help = "false: 4 + 8 floor(N/8) tokens, as released; true: N",
                     .values = {"false", "true"}}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<Dart>(info, budget, options.at("exact") == "true");
  };
  return method;
}

}  // namespace litebench::prune::methods
