// Prefill with the reference's dead work: every row through every layer, all hidden states kept, lm_head on all rows.

#include <ATen/ops/linear.h>

#include "model/llama/prefill.hpp"

namespace litebench::model::detail {

at::Tensor Prefill::run_upstream(const UpstreamWork& work) {
  upstream_ = &work;
  std::vector<at::Tensor> kept;  // what enters each layer, and the normed last state
  for (std::int64_t layer = 0; layer < static_cast<std::int64_t>(layers_.size()); ++layer) {
    enter(layer);
    kept.push_back(hidden_);
    forward(layer);
  }
  kept.push_back(rms_norm(hidden_, norm_, geometry_.llama.rms_eps));
  hidden_.reset();
  const at::Tensor logits = at::linear(kept.back(), work.lm_head);
  return kept.back();
}

}  // namespace litebench::model::detail
