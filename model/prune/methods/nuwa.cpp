// Nüwa (arXiv 2602.02951): patches chosen cell by cell that gather their surroundings, and half-way
// through the language model a second, FastV-like cut.
#include <numeric>

#include <fmt/core.h>

#include <ATen/ops/mean.h>
#include <ATen/ops/stack.h>

#include "model/prune/cost.hpp"
#include "model/prune/decoder_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/nuwa_rows.hpp"
#include "model/prune/query_rows.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

constexpr std::int64_t kLayer = 16;

/// Tokens of the two halves.
struct Counts {
  std::int64_t first, second;
};

/// A quarter of N remains in the end, and N is the mean of both counts.
Counts counts_of(const Budget& budget) {
  if (budget.mode == unit::BudgetMode::after_prune) return {7 * budget.tokens, budget.tokens};
  const std::int64_t second = (budget.tokens + 2) / 4;
  return {2 * budget.tokens - second, second};
}

class Nuwa final : public Pruner {
 public:
  Nuwa(PrunerInfo info, const Budget& budget, QueryRows rows)
      : info_(std::move(info)), budget_(budget), rows_(rows) {}

  [[nodiscard]] const PrunerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    if (!whole(geometry)) {
      request.vision.layers = {{.layer = producing_layer(geometry.vision), .cls_row = true}};
      request.vision.hidden = last_third(geometry.vision);
    }
    request.decoder_tail = looks_at_tail(rows_);
    return request;
  }

  [[nodiscard]] std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const override {
    const std::int64_t patches = geometry.vision.patches(), layers = geometry.llama.layers;
    Schedule schedule{std::vector<std::int64_t>(static_cast<std::size_t>(layers), patches)};
    if (whole(geometry)) return schedule;
    const Counts counts = counts_of(budget_);
    if (counts.first > patches) {
      return Infeasible{fmt::format("{} tokens of {} patches in the first half of the layers",
                                    counts.first, patches)};
    }
    if (counts.second < 1) return Infeasible{"no token in the second half of the layers"};
    if (cut_layer(geometry) == 0) return Infeasible{"the model has a single layer"};
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      schedule.entering[static_cast<std::size_t>(layer)] =
          layer < cut_layer(geometry) ? counts.first : counts.second;
    }
    return schedule;
  }

  [[nodiscard]] TokenPlan before_llm(const VisionView& vision, const QueryView& queries,
                                     RunState* state) const override {
    if (whole(vision.geometry)) return Pruner::before_llm(vision, queries, state);
    const auto& tap = vision.features.layers.at(producing_layer(vision.geometry.vision));
    ScoreOptions fp32 = vision.scores;
    fp32.score_dtype = protocol::ScoreDType::fp32;
    std::vector<at::Tensor> states;
    for (const std::int64_t l : last_third(vision.geometry.vision)) {
      states.push_back(without_cls(vision.features.hidden.at(l)).to(at::kFloat));
    }
    const at::Tensor parts[] = {cls_attention(tap, vision.scores),
                                cosine_gram(at::stack(states).mean(0), fp32)};
    const HostScores host(parts);
    return nuwa_plan({host.row(0), host.row(1).data(), vision.scores.ties}, vision.grid(),
                     counts_of(budget_).first);
  }

  [[nodiscard]] std::vector<std::int64_t> cut_layers(
      const model::Geometry& geometry) const override {
    if (whole(geometry) || cut_layer(geometry) == 0) return {};
    return {cut_layer(geometry)};
  }
  [[nodiscard]] std::optional<TokenPlan> before_layer(const LayerView& view,
                                                      RunState*) const override {
    return keep_best(mean_attention(view, view.layer() - 1, rows_of(rows_, view.ledger())),
                     counts_of(budget_).second);
  }

 private:
  [[nodiscard]] bool whole(const model::Geometry& geometry) const {
    return budget_.tokens == geometry.vision.patches();
  }
  [[nodiscard]] static std::int64_t cut_layer(const model::Geometry& geometry) {
    const std::int64_t published[] = {kLayer};
    return stage_layers(published, geometry.llama.layers).front();
  }
  /// E_16 … E_24 of 24 layers.
  [[nodiscard]] static std::vector<std::int64_t> last_third(
      const model::ClipVisionGeometry& vision) {
    const std::int64_t first = 2 * vision.layers / 3;
    std::vector<std::int64_t> states(static_cast<std::size_t>(vision.layers - first + 1));
    std::iota(states.begin(), states.end(), first);
    return states;
  }

  PrunerInfo info_;
  Budget budget_;
  QueryRows rows_;
};

}  // namespace

Method nuwa() {
  Method method;
  method.info = {.id = "nuwa",
                 .title = "Nüwa",
                 .paper = "arXiv 2602.02951",
                 .fidelity = "code@175b7d57a789",
                 .text_dependent = true,
                 .merges = true,
                 .native_position = unit::PositionPolicy::original};
  method.help =
      "the best patches of every 2 x 2 cell, which gather their surroundings; half-way "
      "through the language model a cut by the attention of the last row";
  method.about =
      "Of every 2 x 2 cell the patches of highest CLS attention are candidates, of which the best "
      "stay; all but the most attended 45 % of them take in a mean of similar patches nearby. "
      "Half-way through the language model a second cut keeps what the query rows attend to most.";
  method.quirks = {
      "N is the mean of both halves: 7/4 N tokens, then 1/4 N; above 329 of 576 infeasible.",
      "The weight of a patch itself is set to one after the others were normalised, so that rows "
      "sum to nearly two: kept as released.",
      "The paper describes key norms and another second cut; this follows the code."};
  method.macs = [](const model::Geometry& g, std::int64_t tokens) {
    const auto rows = static_cast<double>(7 * tokens / 4);
    return patch_gram_macs(g, g.vision.hidden) +
           rows * static_cast<double>(g.vision.patches() * g.vision.hidden) +
           row_probe_macs(g, 1, 7 * tokens / 4 + kNominalPrompt);
  };
  method.options = {query_rows_option()};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<Nuwa>(info, budget, query_rows_of(options));
  };
  return method;
}

}  // namespace litebench::prune::methods
