#pragma once
// Budgets of methods that cut in several stages, each keeping the same share λ of what the one
// before left: one number to solve for (pruners.md §3).

#include <cstdint>
#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "model/prune/decoder_pruner.hpp"

namespace litebench::prune {

/// Tokens that a stage makes of the ones it drops; none by default.
using Merged = std::function<std::int64_t(std::int64_t dropped)>;

/// The stages of published layers `layers` that keep `kept` of the original tokens; stages that a
/// shallow model has no layer for are left out. A stage keeps less than what enters it, or does not
/// cut at all.
Stages stages_at(std::span<const std::int64_t> layers, std::span<const std::int64_t> kept,
                 const model::Geometry& geometry, const Merged& merged = {});

/// λ in thousandths, so that tables can name it: of those that leave a token everywhere the one
/// whose mean over layers comes nearest to the budget, smaller first; stage i keeps ⌊λ^i · patches⌋.
/// In mode after_prune instead λ = (tokens / patches)^(1 / stages). Infeasible when the nearest mean
/// is more than a token away.
std::variant<Stages, Infeasible> geometric_stages(const Budget& budget,
                                                  std::span<const std::int64_t> layers,
                                                  const model::Geometry& geometry,
                                                  const Merged& merged = {});

}  // namespace litebench::prune
