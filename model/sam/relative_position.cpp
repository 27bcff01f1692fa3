#include "model/sam/relative_position.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>

namespace litebench::model {

RelativePosition::RelativePosition(const at::Tensor& rel_pos_h, const at::Tensor& rel_pos_w)
    : grid_((rel_pos_h.size(0) + 1) / 2),
      table_(at::cat({rel_pos_h.flip(0), rel_pos_w.flip(0)}).t().contiguous()) {}

at::Tensor RelativePosition::offsets(const at::Tensor& q) const { return at::mm(q, table_); }

void RelativePosition::fill(at::Tensor& bias, const at::Tensor& q) const {
  const auto batch = q.size(0), heads = q.size(1), n = grid_, rows = batch * n * n;
  const auto width = table_.size(1);
  // Every query with every relative offset: one product without gathering. [heads, batch · n², 2(2n − 1)]
  const auto offsets = at::bmm(q.transpose(0, 1).reshape({heads, rows, -1}),
                               table_.expand({heads, table_.size(0), width}));
  // Back to front, key y' of query row y is column n − 1 − y + y': a row stride one short of the real one picks it.
  const auto rel_h = offsets.as_strided(
      {batch, heads, n, n, n}, {n * n * width, rows * width, n * width - 1, width, 1}, n - 1);
  const auto rel_w = offsets.as_strided({batch, heads, n, n, n},
                                        {n * n * width, rows * width, n * width, width - 1, 1},
                                        (2 * n - 1) + (n - 1));
  auto by_cell = bias.view({batch, heads, n, n, n, n});
  at::add_out(by_cell, rel_h.unsqueeze(-1), rel_w.unsqueeze(-2));
}

}  // namespace litebench::model
