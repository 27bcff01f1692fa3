#include "model/sam/parted.hpp"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include "kernels/cell_attention/cell_attention.hpp"

namespace litebench::model {

/// Buffers that one prompt after the other uses.
struct PartedAttention::Scores {
  Scores(std::int64_t heads, std::int64_t tokens, std::int64_t cells,
         const at::TensorOptions& options)
      : x(at::empty({heads, tokens, cells}, options)),
        added(at::empty({heads, tokens, cells}, options)),
        nothing(at::zeros({cells}, options)) {}

  at::Tensor x, added;  ///< scores are norm · x + added, [heads, tokens, cells]
  at::Tensor nothing;   ///< [cells] zeros
  bool plain = true;    ///< nothing is added

  [[nodiscard]] at::Tensor rows() const { return x.flatten(0, 1); }
  [[nodiscard]] const float* added_to(std::int64_t row) const {
    return plain ? nothing.const_data_ptr<float>()
                 : added.const_data_ptr<float>() + row * added.size(2);
  }
};

at::Tensor PartedAttention::keys(const at::Tensor& x) const { return project(own_.k_, x); }
at::Tensor PartedAttention::values(const at::Tensor& x) const { return project(own_.v_, x); }
at::Tensor PartedAttention::queries(const at::Tensor& x) const { return project(own_.q_, x); }

at::Tensor PartedAttention::project(const Linear& linear, const at::Tensor& x) const {
  return at::mm(linear.weight, x).view({own_.heads_, -1, x.size(1)});
}

at::Tensor PartedAttention::constant_query(const at::Tensor& offset) const {
  return at::addmv(own_.q_.bias, own_.q_.weight, offset).view({own_.heads_, -1, 1});
}

/// Tokens' rows [Q, T, heads · width] head by head, [Q, heads, T, width].
at::Tensor PartedAttention::by_head(const at::Tensor& x) const {
  return x.view({x.size(0), x.size(1), own_.heads_, -1}).transpose(1, 2).contiguous();
}

/// Scores of prompt q: `heads` [heads, T, width] against the map's and the positions' projections, `mixed` [heads · T, r]
/// against the weights of the rows.
void PartedAttention::score(const at::Tensor& heads, const at::Tensor& cells,
                            const at::Tensor& placed, const at::Tensor& mixed,
                            const PartedImages& images, std::int64_t q, Scores& scores) const {
  at::bmm_out(scores.x, heads, cells);
  if (!images.shared) scores.x.mul_(images.share[q]);
  if (images.rows.size(1) > 0) scores.rows().addmm_(mixed, images.weights_of(q));
  scores.plain = !placed.defined();
  if (!scores.plain) at::bmm_out(scores.added, heads, placed);
}

at::Tensor PartedAttention::tokens_to_image(const at::Tensor& queries, const PictureLayer& picture,
                                            const at::Tensor& placed_keys,
                                            const PartedImages& images) const {
  const auto prompts = queries.size(0), tokens = queries.size(1), heads = own_.heads_;
  const auto cells = images.norm.size(1), width = picture.keys.size(1), r = images.rows.size(1);
  // What is the same for all cells in a score, such as the keys' bias, soft-max does not see.
  const auto q = own_.scaled(own_.q_, queries);
  const auto q_by_head = by_head(q);
  const auto mixed =
      at::bmm(times_blocks(q, own_.head_blocks(own_.k_)), images.rows.transpose(1, 2));
  Scores scores(heads, tokens, cells, queries.options());
  auto inverse = at::empty({prompts, heads, tokens, 1}, queries.options());
  auto seen = at::empty({prompts, heads, tokens, width}, queries.options());
  auto seen_rows = at::empty({prompts, heads * tokens, r}, queries.options());
  for (std::int64_t p = 0; p < prompts; ++p) {
    score(q_by_head[p], picture.keys, placed_keys, mixed[p], images, p, scores);
    float *x = scores.x.data_ptr<float>(), *denominators = inverse[p].data_ptr<float>();
    const float* norm = images.norm[p].const_data_ptr<float>();
    at::parallel_for(0, heads * tokens, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto row = begin; row < end; ++row) {
        denominators[row] =
            kernels::weights_of_cells(x + row * cells, norm, scores.added_to(row), cells);
      }
    });
    auto rows = seen_rows[p], of_map = seen[p];
    if (r > 0) at::mm_out(rows, scores.rows(), images.weights_of(p).t());
    if (!images.shared) scores.x.mul_(images.share[p]);
    at::bmm_out(of_map, scores.x, picture.values.transpose(1, 2));
  }
  const auto channels = at::bmm(seen_rows, images.rows)
                            .view({prompts, heads, tokens, -1})
                            .transpose(0, 1)
                            .reshape({heads, prompts * tokens, -1});
  seen.add_(at::bmm(channels, own_.head_blocks(own_.v_).transpose(1, 2))
                .view({heads, prompts, tokens, width})
                .transpose(0, 1));
  const auto attended = seen.mul_(inverse).transpose(1, 2).reshape({prompts, tokens, -1});
  return own_.out_(attended.add_(at::addmv(own_.v_.bias, own_.v_.weight, images.offset)));
}

void PartedAttention::image_to_tokens(const at::Tensor& keys, const at::Tensor& values,
                                      const PictureLayer& picture, const at::Tensor& placed_queries,
                                      PartedImages& images) const {
  const auto prompts = keys.size(0), tokens = keys.size(1), heads = own_.heads_;
  const auto cells = images.norm.size(1), r = images.rows.size(1), others = tokens - 1;
  const auto k = own_.scaled(own_.k_, keys);
  const auto k_by_head = by_head(k);
  const auto mixed =
      at::bmm(times_blocks(k, own_.head_blocks(own_.q_)), images.rows.transpose(1, 2));
  Scores scores(heads, tokens, cells, keys.options());
  for (std::int64_t p = 0; p < prompts; ++p) {
    score(k_by_head[p], picture.queries, placed_queries, mixed[p], images, p, scores);
    if (r > 0) images.weights_of(p).mul_(images.norm[p]);
    float *x = scores.x.data_ptr<float>(),
          *weights = images.weights[p].narrow(0, r, heads * others + 1).data_ptr<float>();
    const float* norm = images.norm[p].const_data_ptr<float>();
    const auto stride = scores.plain ? 0 : cells;
    at::parallel_for(0, heads, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto head = begin; head < end; ++head) {
        kernels::weights_of_tokens(x + head * tokens * cells, cells, norm,
                                   scores.added_to(head * tokens), stride, tokens, cells,
                                   weights + head * others * cells, cells);
      }
    });
    std::fill_n(weights + heads * others * cells, cells, 1.0F);
  }
  const auto shown = own_.shown(values).view({prompts, heads, tokens, -1});
  const auto first = shown.narrow(2, 0, 1), rest = shown.narrow(2, 1, others) - first;
  const auto everywhere = first.sum(1).add_(own_.out_.bias).add_(images.offset);
  images.rows = at::cat({images.rows, rest.reshape({prompts, heads * others, -1}), everywhere}, 1);
  images.rows.sub_(images.rows.mean(2, true));
}

}  // namespace litebench::model
