#pragma once
// One LLaMA decoder layer in pieces, so that prefill can run each piece on the rows that need it
// (upstream.md §5.1).

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/llama/rotary.hpp"
#include "model/llama/upstream_work.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {

/// x · rsqrt(mean(x²) + eps) in fp32, rounded, times weight (upstream.md §5.3). [n, d] -> [n, d]
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

class DecoderLayer {
 public:
  DecoderLayer(const LlamaGeometry& llama, const Weights& weights, std::int64_t index);

  /// Input norm: what q, k, v are projected from.
  [[nodiscard]] at::Tensor normed(const at::Tensor& x) const;
  /// Rotated queries and keys, plain values, of normed rows: [n, heads, head_dim]. `adapter`: added before rotating.
  [[nodiscard]] at::Tensor queries(const at::Tensor& normed, const RotaryAngles& angles,
                                   const LowRank* adapter = nullptr) const;
  [[nodiscard]] at::Tensor keys(const at::Tensor& normed, const RotaryAngles& angles) const;
  [[nodiscard]] at::Tensor values(const at::Tensor& normed, const LowRank* adapter = nullptr) const;
  /// Residual x [n, d] plus projected attention [n, heads·head_dim], then the MLP with its
  /// residual. Consumes x.
  [[nodiscard]] at::Tensor finish(at::Tensor x, const at::Tensor& attention) const;

 private:
  [[nodiscard]] at::Tensor heads(const at::Tensor& x) const;

  std::int64_t heads_, head_dim_;
  double eps_;
  at::Tensor q_, k_, v_, o_, gate_, up_, down_, input_norm_, post_norm_;
};

/// Causal attention of one sequence: all [S, heads, head_dim] -> [S, heads·head_dim].
at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// The same for some rows only: q holds the queries of live rows `rows` (any order), k and v all S
/// rows.
at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                         const at::Tensor& rows);

/// Soft-maxed causal attention of those rows, in fp32: [heads, rows, S] (pruners.md §8.5).
at::Tensor row_probe(const at::Tensor& q, const at::Tensor& k, const at::Tensor& rows);

}  // namespace litebench::model
