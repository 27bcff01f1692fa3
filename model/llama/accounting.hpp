#pragma once
// Floating-point operations and bytes in closed form (upstream.md §9): a multiply-add counts 2.
// Functions of the sizes and of the token counts that really entered each layer, so that a table
// can set them beside measured times.

#include <cstdint>
#include <span>

#include "model/compute.hpp"
#include "model/geometry.hpp"

namespace litebench::model {

/// One prefill. `tokens[l]`: rows entering decoder layer l (text and visual).
struct LlmFlops {
  double linear = 0;     ///< q, k, v, o and the gated MLP
  double attention = 0;  ///< full square of scores and weighted sum, as the reference executes it
  [[nodiscard]] double total() const { return linear + attention; }
};
LlmFlops llm_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens);
/// The same number of rows in every layer.
LlmFlops llm_flops(const LlamaGeometry& llama, std::int64_t tokens);

/// What lean prefill executes: in the last layer q, o, attention and MLP for `wanted` rows only.
LlmFlops lean_llm_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens,
                        std::int64_t wanted);

/// Of the adapters that the reference leaves beside q and v (upstream.md §1.8).
inline constexpr std::int64_t kAdapterRank = 8;
double adapter_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens);

double projector_flops(const Geometry& geometry, std::int64_t visual_tokens);
double lm_head_flops(const LlamaGeometry& llama, std::int64_t rows);
double seg_head_flops(const LlamaGeometry& llama, std::int64_t rows);
double clip_vision_flops(const ClipVisionGeometry& vision, std::int64_t layers);
double clip_text_flops(const ClipTextGeometry& text, std::int64_t texts, std::int64_t length);
/// Patches into the joint space, similarity to `texts` texts, context score.
double scoring_flops(const ClipVisionGeometry& vision, std::int64_t texts);
double sam_encoder_flops(const SamGeometry& sam);
/// `masks`: mask tokens that are decoded; all: with the IoU head.
double mask_decoder_flops(const SamGeometry& sam, std::int64_t prompts, std::int64_t masks);
inline double mask_decoder_flops(const SamGeometry& sam, std::int64_t prompts) {
  return mask_decoder_flops(sam, prompts, sam.mask_tokens);
}

struct PipelineShape {
  std::span<const std::int64_t> tokens;  ///< rows entering each decoder layer
  std::int64_t visual_tokens = 0;        ///< projected
  std::int64_t expressions = 0;          ///< Q
  std::int64_t clip_text_length =
      0;  ///< padded length of the texts, 0: no text tower and no scoring
};
/// Everything the reference executes for one conversation, lm_head and seg head on all rows
/// included, adapters not.
double pipeline_flops(const Geometry& geometry, const PipelineShape& shape);
/// What a timed run executes: lean without the reference's dead work, `shape.tokens` being the rows that lean prefill
/// takes; upstream the above and the adapters.
double executed_flops(const Geometry& geometry, const PipelineShape& shape, Compute compute);

/// Closed forms of memory, bytes, for `tokens` rows and elements of `element_size` bytes
/// (upstream.md §9.3).
struct LlmBytes {
  std::int64_t kv = 0;             ///< keys and values of all layers
  std::int64_t hidden_states = 0;  ///< layers + 1 kept states, as the reference keeps them
  std::int64_t logits = 0;
  std::int64_t scores = 0;            ///< one layer's scores
  std::int64_t softmax = 0;           ///< the same in fp32
  std::int64_t mlp_intermediate = 0;  ///< one of gate, up, product
};
LlmBytes llm_bytes(const LlamaGeometry& llama, std::int64_t tokens, std::int64_t element_size);
/// KV bytes where layers see different row counts.
std::int64_t kv_bytes(const LlamaGeometry& llama, std::span<const std::int64_t> tokens,
                      std::int64_t element_size);
/// "Storing activation" of published tables: sum over layers of n·(2d + m)·bytes (pruners.md §8.7).
std::int64_t stored_activation_bytes(const LlamaGeometry& llama,
                                     std::span<const std::int64_t> tokens,
                                     std::int64_t element_size);

}  // namespace litebench::model
