// Prefill of one sequence in two parts: what the host does beforehand, and what the device does with fixed shapes.

#include <cassert>

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include "model/llama/prefill.hpp"

namespace litebench::model {

FixedPrefill detail::Prefill::fix() {
  assert(members_.size() == 1 && members_.front().cuts.empty());
  prune::TokenLedger& ledger = *members_.front().sequence->ledger;
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) ledger.enter_layer();
  return {hidden_, angles_.cos, angles_.sin,
          at::tensor(ledger.wanted(), at::kLong).to(hidden_.device())};
}

FixedPrefill Llama::fix(Sequence& sequence) const {
  const PrefillOptions lean;
  return detail::Prefill(geometry_, layers_, norm_, std::span(&sequence, 1), lean).fix();
}

at::Tensor Llama::prefill(const FixedPrefill& inputs) const {
  const RotaryAngles angles{inputs.cos, inputs.sin};
  at::Tensor hidden = inputs.embeds;
  for (const DecoderLayer& layer : std::span(layers_).first(layers_.size() - 1)) {
    const at::Tensor normed = layer.normed(hidden);
    hidden =
        layer.finish(hidden, causal_attention(layer.queries(normed, angles),
                                              layer.keys(normed, angles), layer.values(normed)));
  }
  const DecoderLayer& last = layers_.back();
  const at::Tensor normed = last.normed(hidden), &rows = inputs.wanted;
  const RotaryAngles own{angles.cos.index_select(0, rows), angles.sin.index_select(0, rows)};
  const at::Tensor q = last.queries(normed.index_select(0, rows), own);
  const at::Tensor attention =
      row_attention(q, last.keys(normed, angles), last.values(normed), rows);
  return rms_norm(last.finish(hidden.index_select(0, rows), attention), norm_,
                  geometry_.llama.rms_eps);
}

}  // namespace litebench::model
