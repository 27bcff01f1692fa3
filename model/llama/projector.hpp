#pragma once
// The two small MLPs around the language model: visual features in, mask prompts out (upstream.md
// §1.4, §5.3).

#include <memory>

#include <ATen/core/Tensor.h>

#include "model/weights/weights.hpp"

namespace litebench::model {

/// mm_projector: Linear, GELU (erf), Linear. Token-wise, so that only surviving tokens need it.
class Projector {
 public:
  explicit Projector(const Weights& weights);
  [[nodiscard]] at::Tensor operator()(
      const at::Tensor& features) const;  ///< [N, mm_hidden] -> [N, d]

 private:
  at::Tensor weight0_, bias0_, weight2_, bias2_;
};

/// text_hidden_fcs: Linear, ReLU, Linear. Makes the mask prompt of a [SEG] state.
class SegHead {
 public:
  explicit SegHead(const Weights& weights);
  [[nodiscard]] at::Tensor operator()(const at::Tensor& states) const;  ///< [Q, d] -> [Q, out_dim]

 private:
  at::Tensor weight0_, bias0_, weight2_, bias2_;
};

}  // namespace litebench::model
