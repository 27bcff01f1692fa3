// TRIM (arXiv 2409.10994): patches ranked by similarity to the text, and the mean of all others as
// one more token.
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/softmax.h>

#include "model/prune/cost.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"
#include "model/prune/sim_pruner.hpp"

namespace litebench::prune::methods {
namespace {

class Trim final : public MergePruner {
 public:
  Trim(PrunerInfo info, const Budget& budget, kernels::Best best, Aggregate aggregate)
      : MergePruner(std::move(info), budget), best_(best), aggregate_(aggregate) {}

  [[nodiscard]] TapRequest taps(const model::Geometry&) const override {
    TapRequest request;
    request.vision.joint = true;
    request.text = TextTap::protocol;
    return request;
  }
  [[nodiscard]] at::Tensor scores(const VisionView& vision,
                                  const QueryView& queries) const override {
    return similarities(vision, queries).mean(0);
  }

 protected:
  [[nodiscard]] TokenPlan merge(const VisionView& vision, const QueryView& queries) const override {
    // The released soft-max over the patches does not change their order.
    const at::Tensor sim = similarities(vision, queries);
    const std::int64_t selected = tokens() == 0 ? outliers(sim) : tokens() - 1;
    PlanBuilder builder(vision.patches());
    std::vector<std::int64_t> rest(static_cast<std::size_t>(vision.patches()));
    std::iota(rest.begin(), rest.end(), std::int64_t{0});
    for (const std::int64_t patch :
         select_by_similarity(sim, selected, best_, aggregate_, vision.scores.ties)) {
      builder.select_patch(patch);
      std::erase(rest, patch);
    }
    for (const std::int64_t patch : rest) {
      builder.add(patch, 1.0F / static_cast<float>(rest.size()));
    }
    builder.end_row_at_the_end();
    return std::move(builder).plan();
  }

 private:
  /// How many patches' share of the soft-max over all is an outlier; with several texts of their
  /// mean or greatest similarity.
  [[nodiscard]] std::int64_t outliers(const at::Tensor& sim) const {
    const at::Tensor joined = aggregate_ == Aggregate::max ? sim.amax(0) : sim.mean(0);
    const at::Tensor wanted = best_ == kernels::Best::largest ? joined : -joined;
    const at::Tensor parts[] = {at::softmax(wanted, -1)};
    return outlier_count(HostScores(parts).row(0));
  }
  [[nodiscard]] static at::Tensor similarities(const VisionView& vision, const QueryView& queries) {
    ScoreOptions options = vision.scores;
    options.score_dtype = protocol::ScoreDType::fp32;  // as released, whatever the model runs in
    return similarity(vision.features.joint, queries.embeds, options);
  }

  kernels::Best best_;
  Aggregate aggregate_;
};

}  // namespace

Method trim() {
  Method method;
  method.info = {.id = "trim",
                 .title = "TRIM",
                 .paper = "arXiv 2409.10994",
                 .fidelity = "code@f5a232d51eb6",
                 .text_dependent = true,
                 .merges = true,
                 .adaptive = true};
  method.help =
      "N - 1 patches by similarity to the texts, and the mean of the others; without N as "
      "many patches as the similarity has outliers";
  method.own_setting = true;
  method.about =
      "Ranks the patches by CLIP similarity to the text, keeps N - 1 of them in raster order and "
      "appends the plain mean of all others as one more token.";
  method.quirks = {
      "The released code keeps the least similar patches (sign=low, the default); the row in "
      "LiteLVLM's table behaves like sign=high.",
      "The released count is a share of the patches or an outlier rule. Without N it is the "
      "outlier rule; with N, N - 1 + 1 tokens, so that budgets compare.",
      "Several texts are not defined in the source: see the option aggregate."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return similarity_macs(g) + static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  method.options = {{.name = "sign",
                     .help = "low: the least similar, as TRIM's released code does; high: the most "
                             "similar, as LiteLVLM's table has it",
                     .values = {"low", "high"}},
                    aggregate_option()};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    const auto best =
        options.at("sign") == "high" ? kernels::Best::largest : kernels::Best::smallest;
    return std::make_shared<Trim>(info, budget, best, aggregate_of(options));
  };
  return method;
}

}  // namespace litebench::prune::methods
