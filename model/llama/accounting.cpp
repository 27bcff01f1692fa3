#include "model/llama/accounting.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace litebench::model {
namespace {

double linear(double rows, double in, double out) { return 2 * rows * in * out; }

/// Scores and weighted sum of `queries` rows over `keys` rows in `width` channels.
double attend(double queries, double keys, double width) { return 4 * queries * keys * width; }

double d(std::int64_t x) { return static_cast<double>(x); }

}  // namespace

LlmFlops llm_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens) {
  LlmFlops flops;
  for (const std::int64_t rows : tokens) {
    flops.linear += 4 * linear(d(rows), d(llama.hidden), d(llama.hidden)) +
                    3 * linear(d(rows), d(llama.hidden), d(llama.mlp));
    flops.attention += attend(d(rows), d(rows), d(llama.hidden));
  }
  return flops;
}

LlmFlops llm_flops(const LlamaGeometry& llama, std::int64_t tokens) {
  return llm_flops(llama,
                   std::vector<std::int64_t>(static_cast<std::size_t>(llama.layers), tokens));
}

LlmFlops lean_llm_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens,
                        std::int64_t wanted) {
  if (tokens.empty()) return {};
  LlmFlops flops = llm_flops(llama, tokens.first(tokens.size() - 1));
  const double rows = d(tokens.back()), width = d(llama.hidden);
  flops.linear += 2 * linear(rows, width, width) + 2 * linear(d(wanted), width, width) +
                  3 * linear(d(wanted), width, d(llama.mlp));
  flops.attention += attend(d(wanted), rows, width);
  return flops;
}

double adapter_flops(const LlamaGeometry& llama, std::span<const std::int64_t> tokens) {
  double flops = 0;
  for (const std::int64_t rows : tokens)
    flops += 2 * 2 * linear(d(rows), d(llama.hidden), d(kAdapterRank));
  return flops;
}

double projector_flops(const Geometry& geometry, std::int64_t visual_tokens) {
  const double width = d(geometry.llama.hidden);
  return linear(d(visual_tokens), d(geometry.vision.hidden), width) +
         linear(d(visual_tokens), width, width);
}

double lm_head_flops(const LlamaGeometry& llama, std::int64_t rows) {
  return linear(d(rows), d(llama.hidden), d(llama.vocab));
}

double seg_head_flops(const LlamaGeometry& llama, std::int64_t rows) {
  return linear(d(rows), d(llama.hidden), d(llama.hidden)) +
         linear(d(rows), d(llama.hidden), d(llama.out_dim));
}

double clip_vision_flops(const ClipVisionGeometry& vision, std::int64_t layers) {
  const double rows = d(vision.patches() + 1), width = d(vision.hidden);
  const double embedding = linear(d(vision.patches()), d(3 * vision.patch * vision.patch), width);
  const double layer = 4 * linear(rows, width, width) + attend(rows, rows, width) +
                       2 * linear(rows, width, d(vision.mlp));
  return embedding + d(layers) * layer;
}

double clip_text_flops(const ClipTextGeometry& text, std::int64_t texts, std::int64_t length) {
  const double rows = d(length), width = d(text.hidden);
  const double layer = 4 * linear(rows, width, width) + attend(rows, rows, width) +
                       2 * linear(rows, width, d(text.mlp));
  return d(texts) * (d(text.layers) * layer + linear(1, width, d(text.projection)));
}

double scoring_flops(const ClipVisionGeometry& vision, std::int64_t texts) {
  const double rows = d(vision.patches());
  const double joint = linear(rows, d(vision.hidden), d(vision.projection));
  const double context = 4 * rows * d(vision.hidden);  // q·k, and squares of v
  return joint + d(texts) * linear(rows, d(vision.projection), 1) + context;
}

// Padded windows are computed in full (upstream.md §6.1), so windowed blocks work on more rows than
// the image has.
double sam_encoder_flops(const SamGeometry& sam) {
  const double grid = d(sam.grid()), rows = grid * grid, dim = d(sam.dim), window = d(sam.window);
  const double windows_a_side = d((sam.grid() + sam.window - 1) / sam.window);
  const double windows = windows_a_side * windows_a_side, padded = windows * window * window;
  const double global_blocks = d(static_cast<std::int64_t>(sam.global_blocks.size()));
  const double window_blocks = d(sam.depth) - global_blocks;
  // Every query meets 2·side relative positions (rows and columns) in each head's channels.
  const double global =
      4 * linear(rows, dim, dim) + attend(rows, rows, dim) + linear(rows, dim, 2 * grid);
  const double windowed = 4 * linear(padded, dim, dim) + attend(padded, window * window, dim) +
                          linear(padded, dim, 2 * window);
  const double patches = linear(rows, 3 * d(sam.patch * sam.patch), dim);
  const double mlp = d(sam.depth) * 2 * linear(rows, dim, d(sam.mlp));
  const double neck = linear(rows, dim, d(sam.out)) + linear(rows, 9 * d(sam.out), d(sam.out));
  return patches + mlp + window_blocks * windowed + global_blocks * global + neck;
}

double mask_decoder_flops(const SamGeometry& sam, std::int64_t prompts, std::int64_t decoded) {
  const double tokens = 1 + d(sam.mask_tokens) + 1, pixels = d(sam.grid() * sam.grid());
  const double dim = d(sam.out), inner = dim / d(sam.decoder_downsample);
  const auto cross = [&](double queries,
                         double keys) {  // q from one side, k and v from the other, out
    return 2 * linear(queries, dim, inner) + 2 * linear(keys, dim, inner) +
           attend(queries, keys, inner);
  };
  // The last attention is that of the tokens that are looked at.
  const double answers = decoded == sam.mask_tokens ? tokens : d(decoded);
  const double self = 4 * linear(tokens, dim, dim) + attend(tokens, tokens, dim);
  const double mlp = 2 * linear(tokens, dim, d(sam.decoder_mlp));
  const double layer = self + cross(tokens, pixels) + mlp + cross(pixels, tokens);
  // Two transposed convolutions of stride 2: each input pixel makes 2 × 2 output pixels.
  const double upscale =
      linear(pixels, dim, 4 * dim / 4) + linear(4 * pixels, dim / 4, 4 * dim / 8);
  const double hyper = d(decoded) * (2 * linear(1, dim, dim) + linear(1, dim, dim / 8));
  const double iou_head = linear(1, dim, d(sam.iou_hidden)) +
                          linear(1, d(sam.iou_hidden), d(sam.iou_hidden)) +
                          linear(1, d(sam.iou_hidden), d(sam.mask_tokens));
  const double iou = decoded == sam.mask_tokens ? iou_head : 0;
  const double masks = linear(16 * pixels, dim / 8, d(decoded));
  return d(prompts) *
         (d(sam.decoder_depth) * layer + cross(answers, pixels) + upscale + hyper + iou + masks);
}

namespace {

/// The text tower and what compares with it, where a method does.
double text_flops(const Geometry& geometry, const PipelineShape& shape) {
  if (shape.clip_text_length == 0) return 0;
  return clip_text_flops(geometry.text, shape.expressions, shape.clip_text_length) +
         scoring_flops(geometry.vision, shape.expressions);
}

}  // namespace

double pipeline_flops(const Geometry& geometry, const PipelineShape& shape) {
  const std::int64_t last = shape.tokens.empty() ? 0 : shape.tokens.back();
  return clip_vision_flops(geometry.vision, geometry.vision.layers) +
         projector_flops(geometry, shape.visual_tokens) +
         llm_flops(geometry.llama, shape.tokens).total() + lm_head_flops(geometry.llama, last) +
         seg_head_flops(geometry.llama, last) + sam_encoder_flops(geometry.sam) +
         mask_decoder_flops(geometry.sam, shape.expressions) + text_flops(geometry, shape);
}

double executed_flops(const Geometry& geometry, const PipelineShape& shape, Compute compute) {
  if (compute == Compute::upstream)
    return pipeline_flops(geometry, shape) + adapter_flops(geometry.llama, shape.tokens);
  const std::int64_t select = geometry.vision.select_layer;
  const std::int64_t clip_layers = select >= 0 ? select : geometry.vision.layers + 1 + select;
  return clip_vision_flops(geometry.vision, clip_layers) +
         projector_flops(geometry, shape.visual_tokens) +
         lean_llm_flops(geometry.llama, shape.tokens, shape.expressions).total() +
         seg_head_flops(geometry.llama, shape.expressions) + sam_encoder_flops(geometry.sam) +
         mask_decoder_flops(geometry.sam, shape.expressions, 1) + text_flops(geometry, shape);
}

LlmBytes llm_bytes(const LlamaGeometry& llama, std::int64_t tokens, std::int64_t element_size) {
  LlmBytes bytes;
  bytes.kv = 2 * llama.layers * tokens * llama.hidden * element_size;
  bytes.hidden_states = (llama.layers + 1) * tokens * llama.hidden * element_size;
  bytes.logits = tokens * llama.vocab * element_size;
  bytes.scores = llama.heads * tokens * tokens * element_size;
  bytes.softmax = llama.heads * tokens * tokens * 4;
  bytes.mlp_intermediate = tokens * llama.mlp * element_size;
  return bytes;
}

std::int64_t kv_bytes(const LlamaGeometry& llama, std::span<const std::int64_t> tokens,
                      std::int64_t element_size) {
  return 2 * std::accumulate(tokens.begin(), tokens.end(), std::int64_t{0}) * llama.hidden *
         element_size;
}

std::int64_t stored_activation_bytes(const LlamaGeometry& llama,
                                     std::span<const std::int64_t> tokens,
                                     std::int64_t element_size) {
  return std::accumulate(tokens.begin(), tokens.end(), std::int64_t{0}) *
         (2 * llama.hidden + llama.mlp) * element_size;
}

}  // namespace litebench::model
