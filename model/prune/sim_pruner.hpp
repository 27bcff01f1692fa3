#pragma once
// Selection by similarity to the texts alone: what sim_low and sim_high share.

#include <string>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/registry.hpp"

namespace litebench::prune {

/// How several texts become one ranking.
enum class Aggregate : std::uint8_t {
  mean,
  max,
  join,  ///< `union`: ⌊N/Q⌋ of every text, filled up by the mean
};

class SimPruner final : public BeforeLlmPruner {
 public:
  SimPruner(PrunerInfo info, const Budget& budget, kernels::Best best, Aggregate aggregate)
      : BeforeLlmPruner(std::move(info), budget), best_(best), aggregate_(aggregate) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override;

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override;

 private:
  kernels::Best best_;
  Aggregate aggregate_;
};

/// The whole method: they differ in name, title and end of the ranking.
Method sim_method(const std::string& id, const std::string& title, const std::string& help,
                  kernels::Best best);

}  // namespace litebench::prune
