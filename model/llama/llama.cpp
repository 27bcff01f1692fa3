#include "model/llama/llama.hpp"

#include <algorithm>

#include <fmt/core.h>

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>

#include "base/error.hpp"
#include "model/llama/prefill.hpp"

namespace litebench::model {

Llama::Llama(const Geometry& geometry, std::shared_ptr<const Weights> weights)
    : geometry_(geometry),
      embed_tokens_(weights->at("model.embed_tokens.weight")),
      norm_(weights->at("model.norm.weight")),
      weights_(std::move(weights)) {
  for (std::int64_t index = 0; index < geometry.llama.layers; ++index) {
    layers_.emplace_back(geometry.llama, *weights_, index);
  }
}

at::Tensor Llama::embed(std::span<const std::int64_t> ids) const {
  const std::int64_t vocabulary = embed_tokens_.size(0);
  for (const std::int64_t id : ids) {
    if (id >= 0 && id < vocabulary) continue;
    throw Error(ExitCode::data, fmt::format("token id {} has no embedding", id),
                fmt::format("the model knows ids 0 to {}", vocabulary - 1),
                "use the tokenizer that belongs to the checkpoint");
  }
  auto* data = const_cast<std::int64_t*>(ids.data());
  const at::Tensor index = at::from_blob(data, {static_cast<std::int64_t>(ids.size())}, at::kLong)
                               .clone()
                               .to(embed_tokens_.device());
  return at::embedding(embed_tokens_, index);
}

at::Tensor Llama::splice(std::span<const std::int64_t> input_ids, const at::Tensor& visual) const {
  const auto place = std::find(input_ids.begin(), input_ids.end(), prune::kImagePlaceholder);
  if (place == input_ids.end()) {
    throw Error(ExitCode::data, "a conversation without an image",
                "no placeholder among its token ids", "check the conversation and the tokenizer");
  }
  const auto before = static_cast<std::size_t>(place - input_ids.begin());
  return at::cat({embed(input_ids.first(before)), visual, embed(input_ids.subspan(before + 1))}, 0);
}

std::vector<at::Tensor> Llama::prefill(std::span<Sequence> sequences,
                                       const PrefillOptions& options) const {
  if (sequences.empty()) return {};
  return detail::Prefill(geometry_, layers_, norm_, sequences, options).run();
}

at::Tensor Llama::prefill_upstream(Sequence& sequence, const UpstreamWork& work) const {
  const PrefillOptions all_rows{.lean = false, .observe = {}};
  return detail::Prefill(geometry_, layers_, norm_, std::span(&sequence, 1), all_rows)
      .run_upstream(work);
}

}  // namespace litebench::model
