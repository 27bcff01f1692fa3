#pragma once
// Random weights of one cluster for the 32 draws of a tile, out of 8 Philox blocks or one word of them.

#include <array>
#include <cstddef>
#include <cstdint>

#include "analysis/statistics/draws.hpp"

namespace litebench::analysis {

inline constexpr std::size_t kTile = 32;  ///< draws that share a pass over the clusters

using TileWeights = std::array<std::uint8_t, kTile>;  ///< each at most 13

/// Weights of draws 32 tile … 32 tile + 31.
void tile_weights(std::uint64_t cluster, Scheme scheme, std::uint64_t seed, std::uint32_t tile,
                  TileWeights& out);

}  // namespace litebench::analysis
