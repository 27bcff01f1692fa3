#include "model/clip/text.hpp"

#include <algorithm>
#include <stdexcept>

#include <ATen/ops/embedding.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

namespace litebench::model {

ClipText::ClipText(const Weights& clip, const ClipTextGeometry& geometry)
    : geometry_(geometry),
      token_embedding_(clip.at("text_model.embeddings.token_embedding.weight")),
      positions_(clip.at("text_model.embeddings.position_embedding.weight")),
      final_norm_(clip, "text_model.final_layer_norm", geometry.eps),
      projection_(clip, "text_projection") {
  for (std::int64_t e = 0; e < geometry.layers; ++e) {
    layers_.emplace_back(clip, fmt::format("text_model.encoder.layers.{}", e), geometry.heads,
                         geometry.eps);
  }
}

void ClipText::check(std::span<const std::int64_t> ids) const {
  if (ids.empty() || std::ssize(ids) > geometry_.positions) {
    throw std::invalid_argument(
        fmt::format("a CLIP text of {} tokens; 1 to {} fit", ids.size(), geometry_.positions));
  }
  const auto [low, high] = std::minmax_element(ids.begin(), ids.end());
  if (*low < 0 || *high >= geometry_.vocab) {
    throw std::invalid_argument(
        fmt::format("CLIP token ids {}..{} outside 0..{}", *low, *high, geometry_.vocab - 1));
  }
}

at::Tensor ClipText::embed(std::span<const std::int64_t> ids) const {
  check(ids);
  const auto pooled = std::max_element(ids.begin(), ids.end()) - ids.begin();
  return forward(ids.first(pooled + 1), pooled);
}

at::Tensor ClipText::forward(std::span<const std::int64_t> ids, std::int64_t pooled) const {
  const auto length = std::ssize(ids);
  const auto indices = at::tensor(at::ArrayRef<std::int64_t>(ids.data(), length), at::kLong);
  auto hidden_states = at::embedding(token_embedding_, indices.to(token_embedding_.device()));
  hidden_states.add_(positions_.slice(0, 0, length));
  for (const auto& layer : layers_) {
    hidden_states =
        layer.forward(hidden_states, layer.project(hidden_states), ClipEncoderLayer::Mask::causal);
  }
  return projection_(final_norm_(hidden_states.slice(0, pooled, pooled + 1))).squeeze(0);
}

at::Tensor ClipText::embed_all(const std::vector<std::vector<std::int64_t>>& texts,
                               Compute compute) const {
  std::size_t longest = 0;
  for (const auto& ids : texts) longest = std::max(longest, ids.size());
  std::vector<at::Tensor> embeddings;
  embeddings.reserve(texts.size());
  for (auto ids : texts) {
    if (compute == Compute::lean) {
      embeddings.push_back(embed(ids));
      continue;
    }
    check(ids);
    const auto end = std::max_element(ids.begin(), ids.end());
    const auto pooled = end - ids.begin();
    const auto padding = *end;  // the end token again
    ids.resize(longest, padding);
    embeddings.push_back(forward(ids, pooled));
  }
  return at::stack(embeddings);
}

}  // namespace litebench::model
