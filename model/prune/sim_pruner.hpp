#pragma once
// Selection by similarity to the texts alone: what the sim_* methods and TRIM share.

#include <string>
#include <vector>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/registry.hpp"

namespace litebench::prune {

/// How several texts become one ranking.
enum class Aggregate : std::uint8_t {
  mean,
  max,
  join,  ///< `union`: ⌊N/Q⌋ of every text, filled up by the mean
};

/// The option that chooses among them, and its value.
MethodOption aggregate_option();
Aggregate aggregate_of(const Options& options);

/// N patches of `sim`, [Q, patches], ascending.
std::vector<std::int64_t> select_by_similarity(const at::Tensor& sim, std::int64_t tokens,
                                               kernels::Best best, Aggregate aggregate,
                                               kernels::Ties ties);

/// Which similarity a method ranks by: what the protocol says, or always the cosine.
enum class SimKind : std::uint8_t { protocol, cosine };

/// The whole method: they differ in name, title, end of the ranking and similarity.
Method sim_method(const std::string& id, const std::string& title, const std::string& help,
                  kernels::Best best, SimKind kind = SimKind::protocol);

}  // namespace litebench::prune
