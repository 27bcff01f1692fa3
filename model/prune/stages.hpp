#pragma once
// Where inside the language model a method cuts, and how many visual tokens go on from there.

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "model/geometry.hpp"
#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// Methods name layers of a model with 32.
inline constexpr std::int64_t kPublishedLayers = 32;

/// One cut: at the input of `layer`, `kept` of the visual tokens stay and `merged` new ones are
/// made of the others.
struct Stage {
  std::int64_t layer = 0, kept = 0, merged = 0;
  [[nodiscard]] std::int64_t leaving() const { return kept + merged; }
};
using Stages = std::vector<Stage>;

/// The layers of a model with `layers` layers that stand for the published ones, which ascend. With
/// 32 layers or more they are the published ones. With fewer, layer l is max(1, round(l · layers /
/// 32)); layers that would coincide are moved apart, later ones first kept below `layers`, and those
/// that find no place are left out, earliest first: their entry is 0, before which nothing can be
/// cut.
std::vector<std::int64_t> stage_layers(std::span<const std::int64_t> published,
                                       std::int64_t layers);

/// Tokens entering every layer when all patches enter the first.
Schedule schedule_of(const Stages& stages, const model::Geometry& geometry);

/// What stays after a single cut before `layer` so that the mean over layers is `mean`, rounded to
/// nearest; 0 or less when the layers before the cut alone take more (pruners.md §3).
std::int64_t after_single_cut(std::int64_t mean, std::int64_t layer,
                              const model::Geometry& geometry);

}  // namespace litebench::prune
