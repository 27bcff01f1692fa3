#pragma once
// Decomposed relative positions of SAM's attention (upstream.md §6.1).

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace litebench::model {

/// Adds q[y,x]·R_h[y − y' + n − 1] + q[y,x]·R_w[x − x' + n − 1] to the score of query (y, x) and key (y', x') on an n × n
/// grid. Handed to the attention as an additive mask, so that scores are never laid out in memory.
class RelativePosition {
 public:
  /// rel_pos_h, rel_pos_w: [2n − 1, head_dim], the checkpoint's tables.
  RelativePosition(const at::Tensor& rel_pos_h, const at::Tensor& rel_pos_w);

  [[nodiscard]] std::int64_t grid() const { return grid_; }

  /// Products of unscaled queries [rows, head_dim] with every relative offset, [rows, 2(2n − 1)]. A query in grid row y finds
  /// what it adds to the scores of key rows 0 … n − 1 from row_offset(y) on; likewise for columns.
  [[nodiscard]] at::Tensor offsets(const at::Tensor& q) const;
  [[nodiscard]] std::int64_t row_offset(std::int64_t y) const { return grid_ - 1 - y; }
  [[nodiscard]] std::int64_t column_offset(std::int64_t x) const { return 3 * grid_ - 2 - x; }

  /// q: unscaled queries [batch, heads, n², head_dim], a view whose batch and token dimensions merge.
  /// bias: overwritten, [batch, heads, n², n²], contiguous.
  void fill(at::Tensor& bias, const at::Tensor& q) const;

 private:
  std::int64_t grid_;
  at::Tensor table_;  // [head_dim, 2(2n − 1)]: R_h and R_w, each back to front
};

}  // namespace litebench::model
