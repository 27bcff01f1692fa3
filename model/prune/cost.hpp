#pragma once
// What a selection costs, in multiply-adds (MACs; a floating-point operation counts half of one):
// closed forms for docs/methods.md. Times are measured elsewhere (tests/bench/select).

#include <cstdint>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// Tokens of the one text that costs are stated for, start and end included.
inline constexpr std::int64_t kNominalText = 20;

/// Text rows of the prompt that costs inside the language model are stated for, and those of them
/// behind the image.
inline constexpr std::int64_t kNominalPrompt = 128, kNominalTail = 92;

/// What the towers compute only because a method asks to see it: projections of encoder layers
/// behind the features, the joint space, the text tower, projector rows of patches that are not
/// kept.
double tap_macs(const TapRequest& taps, const model::Geometry& geometry, std::int64_t tokens);

/// Pieces of Method::macs.
double patch_gram_macs(const model::Geometry& geometry, std::int64_t width);  ///< all pairs
double similarity_macs(const model::Geometry& geometry);                      ///< to one text
/// Attention of `rows` query rows over `keys` rows in all heads of one decoder layer (from its own queries and
/// keys).
double row_probe_macs(const model::Geometry& geometry, std::int64_t rows, std::int64_t keys);

}  // namespace litebench::prune
