#pragma once
// What the reference's language model runs and nobody looks at (upstream.md §1.8, §5.1): lm_head, and low-rank adapters
// beside every q and v projection whose second factor is zero, so that they add nothing.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {

/// y += scale · (x downᵀ) upᵀ
struct LowRank {
  at::Tensor down, up;  ///< [rank, d], [d, rank]
  double scale = 1;
  void add_to(at::Tensor& y, const at::Tensor& x) const;
};

struct UpstreamWork {
  struct Adapters {
    LowRank q, v;
  };

  /// `weights` holds lm_head.weight beside what Llama reads.
  UpstreamWork(const LlamaGeometry& llama, const Weights& weights);

  at::Tensor lm_head;              ///< [vocab, d]
  std::vector<Adapters> adapters;  ///< of every decoder layer
};

}  // namespace litebench::model
