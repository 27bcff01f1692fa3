#include "model/prune/sim_pruner.hpp"

#include <algorithm>

#include <ATen/ops/amax.h>
#include <ATen/ops/mean.h>

#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {

namespace {

class SimPruner final : public BeforeLlmPruner {
 public:
  SimPruner(PrunerInfo info, const Budget& budget, kernels::Best best, Aggregate aggregate,
            SimKind kind)
      : BeforeLlmPruner(std::move(info), budget), best_(best), aggregate_(aggregate), kind_(kind) {}

  [[nodiscard]] TapRequest taps(const model::Geometry&) const override {
    TapRequest request;
    request.vision.joint = true;
    request.text = TextTap::protocol;
    return request;
  }
  [[nodiscard]] at::Tensor scores(const VisionView& vision,
                                  const QueryView& queries) const override {
    return sim(vision, queries).mean(0);
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    return select_by_similarity(sim(vision, queries), tokens(), best_, aggregate_,
                                vision.scores.ties);
  }

 private:
  [[nodiscard]] at::Tensor sim(const VisionView& vision, const QueryView& queries) const {
    ScoreOptions options = vision.scores;
    if (kind_ == SimKind::cosine) options.sim = protocol::Similarity::cosine;
    return similarity(vision.features.joint, queries.embeds, options);
  }

  kernels::Best best_;
  Aggregate aggregate_;
  SimKind kind_;
};

}  // namespace

MethodOption aggregate_option() {
  return {.name = "aggregate",
          .help =
              "several texts: mean or max of the similarities, or union of floor(N/Q) per text "
              "filled up by the mean",
          .values = {"mean", "max", "union"}};
}

Aggregate aggregate_of(const Options& options) {
  const std::string& name = options.at("aggregate");
  if (name == "max") return Aggregate::max;
  return name == "union" ? Aggregate::join : Aggregate::mean;
}

std::vector<std::int64_t> select_by_similarity(const at::Tensor& sim, std::int64_t tokens,
                                               kernels::Best best, Aggregate aggregate,
                                               kernels::Ties ties) {
  const at::Tensor parts[] = {sim, aggregate == Aggregate::max ? sim.amax(0) : sim.mean(0)};
  const HostScores host(parts);
  const std::int64_t texts = sim.size(0);
  std::vector<bool> taken(static_cast<std::size_t>(sim.size(1)), false);
  if (aggregate == Aggregate::join) {
    for (std::int64_t text = 0; text < texts; ++text) {
      for (const std::int64_t patch :
           kernels::stable_topk(host.row(text), tokens / texts, best, ties)) {
        taken[static_cast<std::size_t>(patch)] = true;
      }
    }
  }
  std::int64_t missing = tokens - std::count(taken.begin(), taken.end(), true);
  for (const std::int64_t patch : kernels::stable_argsort(host.row(texts), best, ties)) {
    if (missing == 0) break;
    if (taken[static_cast<std::size_t>(patch)]) continue;
    taken[static_cast<std::size_t>(patch)] = true;
    --missing;
  }
  std::vector<std::int64_t> kept;
  for (std::size_t patch = 0; patch < taken.size(); ++patch) {
    if (taken[patch]) kept.push_back(static_cast<std::int64_t>(patch));
  }
  return kept;
}

Method sim_method(const std::string& id, const std::string& title, const std::string& help,
                  kernels::Best best, SimKind kind) {
  Method method;
  method.info = {
      .id = id, .title = title, .paper = "", .fidelity = "litebench", .text_dependent = true};
  method.help = help;
  method.options = {aggregate_option()};
  method.make = [best, kind](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<SimPruner>(info, budget, best, aggregate_of(options), kind);
  };
  return method;
}

}  // namespace litebench::prune
