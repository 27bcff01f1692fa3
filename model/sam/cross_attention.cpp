#include "model/sam/cross_attention.hpp"

#include <cmath>

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/softmax.h>

namespace litebench::model {
namespace {

/// Score rows [Q, rows, C] as batches of an image [1 or Q, M, C]: all prompts' rows are one matrix where they share it.
at::Tensor rows_per_image(const at::Tensor& rows, const at::Tensor& image) {
  return rows.view({image.size(0), -1, rows.size(2)});
}

}  // namespace

at::Tensor times_blocks(const at::Tensor& x, const at::Tensor& blocks) {
  const auto prompts = x.size(0), tokens = x.size(1), heads = blocks.size(0);
  return at::bmm(x.view({prompts * tokens, heads, -1}).transpose(0, 1), blocks)
      .view({heads, prompts, tokens, -1})
      .transpose(0, 1)
      .reshape({prompts, heads * tokens, -1});
}

CrossAttention::CrossAttention(const Weights& weights, const std::string& prefix,
                               std::int64_t heads)
    : heads_(heads),
      q_(weights, prefix + ".q_proj"),
      k_(weights, prefix + ".k_proj"),
      v_(weights, prefix + ".v_proj"),
      out_(weights, prefix + ".out_proj") {}

at::Tensor CrossAttention::head_blocks(const Linear& linear) const {
  return linear.weight.view({heads_, -1, linear.weight.size(1)});
}

at::Tensor CrossAttention::scaled(const Linear& linear, const at::Tensor& tokens) const {
  const auto width = linear.weight.size(0) / heads_;
  return linear(tokens).mul_(1.0 / std::sqrt(static_cast<double>(width)));
}

at::Tensor CrossAttention::shown(const at::Tensor& values) const {
  const auto width = v_.weight.size(0) / heads_;
  return times_blocks(v_(values), out_.weight.view({-1, heads_, width}).permute({1, 2, 0}));
}

at::Tensor CrossAttention::tokens_to_image(const at::Tensor& queries, const at::Tensor& keys,
                                           const at::Tensor& values) const {
  const auto prompts = queries.size(0), tokens = queries.size(1), channels = queries.size(2);
  const auto width = q_.weight.size(0) / heads_;
  // The keys' bias adds the same to all scores of a row: soft-max does not see it.
  const auto q = scaled(q_, queries);
  const auto scores =
      at::bmm(rows_per_image(times_blocks(q, head_blocks(k_)), keys), keys.transpose(1, 2));
  const auto seen = at::bmm(at::softmax(scores, -1), values)
                        .view({prompts, heads_, tokens, channels})
                        .transpose(0, 1)
                        .reshape({heads_, prompts * tokens, channels});
  const auto attended = at::bmm(seen, head_blocks(v_).transpose(1, 2))
                            .transpose(0, 1)
                            .reshape({prompts, tokens, heads_ * width});
  return out_(attended.add(v_.bias));
}

at::Tensor CrossAttention::image_to_tokens(const at::Tensor& image, const at::Tensor& queries,
                                           const at::Tensor& keys, const at::Tensor& values) const {
  const auto prompts = keys.size(0), tokens = keys.size(1), cells = image.size(1);
  const auto width = q_.weight.size(0) / heads_;
  const auto k = scaled(k_, keys);
  const auto shift = times_blocks(k, q_.bias.view({heads_, width, 1}));  // [Q, heads · T, 1]
  auto scores =
      at::bmm(rows_per_image(times_blocks(k, head_blocks(q_)), queries), queries.transpose(1, 2))
          .view({prompts, heads_ * tokens, cells});
  scores.add_(shift);
  const auto attention = at::softmax(scores.view({prompts, heads_, tokens, cells}), 2)
                             .view({prompts, heads_ * tokens, cells});
  const auto rows = shown(values);
  // A head's weights sum to one, so a bias on one head's rows is the output's bias.
  rows.narrow(1, 0, tokens).add_(out_.bias);
  return at::baddbmm(image.expand({prompts, cells, image.size(2)}), attention.transpose(1, 2),
                     rows);
}

}  // namespace litebench::model
