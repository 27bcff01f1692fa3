#pragma once
// The language model of GLaMM as one causal prefill over many sequences (upstream.md §5). Matrix
// products run over the packed rows of all sequences, attention per sequence. There is no cache and,
// but for prefill_upstream, no lm_head: the states before the [SEG] tokens are all that the mask decoder needs.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/geometry.hpp"
#include "model/llama/decoder_layer.hpp"
#include "model/prune/ledger.hpp"
#include "model/prune/pruner.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {

/// One sequence of a pack. The ledger says which rows there are and which are wanted, and is
/// updated by cuts.
struct Sequence {
  at::Tensor embeds;                     ///< [ledger.length(), d], see Llama::splice
  prune::TokenLedger* ledger = nullptr;  ///< borrowed
  const prune::Pruner* pruner =
      nullptr;  ///< borrowed; may be null for methods that do not cut in the decoder
  prune::RunState* state = nullptr;  ///< borrowed scratch of the pruner
  unit::OrderPolicy order = unit::OrderPolicy::native;  ///< of what cuts leave
};

struct PrefillOptions {
  /// Stop every sequence after its last wanted row (or the last row its method's taps need), and
  /// run the last layer's q, o and MLP only for wanted rows. Off: every row goes through
  /// everything, as the reference does.
  bool lean = true;
  /// Sees the packed states [ΣS, d] entering layer l, l = 0 … layers−1; rows of sequence i follow
  /// those of i − 1.
  std::function<void(std::int64_t layer, const at::Tensor& packed)> observe;
};

/// What the layers need of one sequence that nothing is cut from inside of the model: tensors alone, so that a device
/// can record its prefill and do it again without the host.
struct FixedPrefill {
  at::Tensor embeds;    ///< [S, d], without the rows that lean leaves out
  at::Tensor cos, sin;  ///< of the rotary positions
  at::Tensor wanted;    ///< [Q] int64, rows
};

class Llama {
 public:
  /// `weights` holds the checkpoint's names (model.embed_tokens.weight, model.layers.0.…).
  Llama(const Geometry& geometry, std::shared_ptr<const Weights> weights);

  /// [n, d] rows of embed_tokens. Throws Error{data} for an id outside the vocabulary.
  [[nodiscard]] at::Tensor embed(std::span<const std::int64_t> ids) const;

  /// [S, d]: embedded text with `visual` [N, d] (projected tokens) in place of the image
  /// placeholder.
  [[nodiscard]] at::Tensor splice(std::span<const std::int64_t> input_ids,
                                  const at::Tensor& visual) const;

  /// Final-normed states of every sequence's wanted rows, [wanted, d] each, in the order of the
  /// ledger's wanted(). The last bits depend on how many rows are packed together (build-recipes.md
  /// §5): the caller fixes the content and order of a pack by configuration and image alone.
  /// Repeating a call with the same sequences is bitwise equal.
  [[nodiscard]] std::vector<at::Tensor> prefill(std::span<Sequence> sequences,
                                                const PrefillOptions& options = {}) const;

  /// The host's part of the lean prefill of one sequence, its ledger's bookkeeping included. Its method has no
  /// cut_layers().
  [[nodiscard]] FixedPrefill fix(Sequence& sequence) const;
  /// The device's part: [Q, d], bitwise what prefill() gives for the sequence alone. Copies nothing between host and
  /// device and waits for nothing.
  [[nodiscard]] at::Tensor prefill(const FixedPrefill& inputs) const;

  /// Final-normed states of all rows of one sequence, [S, d], and the reference's dead work on the way.
  [[nodiscard]] at::Tensor prefill_upstream(Sequence& sequence, const UpstreamWork& work) const;

  [[nodiscard]] const Geometry& geometry() const { return geometry_; }

 private:
  Geometry geometry_;  // whole, because methods plan their cuts from it
  at::Tensor embed_tokens_, norm_;
  std::shared_ptr<const Weights> weights_;  // keeps mapped files alive
  std::vector<DecoderLayer> layers_;
};

}  // namespace litebench::model
