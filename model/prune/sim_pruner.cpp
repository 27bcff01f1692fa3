#include "model/prune/sim_pruner.hpp"

#include <algorithm>

#include <ATen/ops/amax.h>
#include <ATen/ops/cat.h>

#include "model/prune/scores.hpp"

namespace litebench::prune {

TapRequest SimPruner::taps(const model::Geometry&) const {
  TapRequest request;
  request.vision.joint = true;
  request.text = TextTap::protocol;
  return request;
}

std::vector<std::int64_t> SimPruner::choose(const VisionView& vision,
                                            const QueryView& queries) const {
  const at::Tensor sim = similarity(vision.features.joint, queries.embeds, vision.scores);
  const at::Tensor parts[] = {sim, aggregate_ == Aggregate::max ? sim.amax(0) : sim.mean(0)};
  const HostScores host(parts);
  const std::int64_t texts = queries.count();
  std::vector<bool> taken(static_cast<std::size_t>(vision.patches()), false);
  if (aggregate_ == Aggregate::join) {
    for (std::int64_t text = 0; text < texts; ++text) {
      for (const std::int64_t patch :
           kernels::stable_topk(host.row(text), tokens() / texts, best_)) {
        taken[static_cast<std::size_t>(patch)] = true;
      }
    }
  }
  std::int64_t missing = tokens() - std::count(taken.begin(), taken.end(), true);
  for (const std::int64_t patch : kernels::stable_argsort(host.row(texts), best_)) {
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
                  kernels::Best best) {
  Method method;
  method.info = {
      .id = id, .title = title, .paper = "", .fidelity = "litebench", .text_dependent = true};
  method.help = help;
  method.options = {
      {.name = "aggregate",
       .help = "several texts: mean or max of the similarities, or union of floor(N/Q) per text "
               "filled up by the mean",
       .values = {"mean", "max", "union"}}};
  method.make = [best](const PrunerInfo& info, const Budget& budget, const Options& options) {
    const std::string& name = options.at("aggregate");
    const Aggregate aggregate = name == "max"     ? Aggregate::max
                                : name == "union" ? Aggregate::join
                                                  : Aggregate::mean;
    return std::make_shared<SimPruner>(info, budget, best, aggregate);
  };
  return method;
}

}  // namespace litebench::prune
