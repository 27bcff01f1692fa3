#include "model/prune/nuwa_rows.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr std::int64_t kCell = 2;
constexpr double kPillars = 0.55;  // quantile of the survivors' attention
const double kReach = std::sqrt(280.0);

Indices cell_of(std::int64_t row, std::int64_t col, std::int64_t side) {
  Indices patches;
  for (std::int64_t y = row; y < std::min(row + kCell, side); ++y) {
    for (std::int64_t x = col; x < std::min(col + kCell, side); ++x)
      patches.push_back(y * side + x);
  }
  return patches;
}

/// The best by attention of some patches, best first.
Indices best_of(std::span<const float> attention, const Indices& patches, std::int64_t count,
                kernels::Ties ties) {
  std::vector<float> scores;
  for (const std::int64_t patch : patches) {
    scores.push_back(attention[static_cast<std::size_t>(patch)]);
  }
  Indices best;
  count = std::min(count, std::ssize(patches));
  for (const std::int64_t i : kernels::stable_topk(scores, count, kernels::Best::largest, ties)) {
    best.push_back(patches[static_cast<std::size_t>(i)]);
  }
  return best;
}

double nearness(std::int64_t a, std::int64_t b, std::int64_t side) {
  const auto dy = static_cast<double>(a / side - b / side);
  const auto dx = static_cast<double>(a % side - b % side);
  return std::max(0.0, 1 - std::sqrt(dy * dy + dx * dx) / kReach);
}

/// Row-normalised weights of all patches, then 1 for the survivor itself.
void add_aggregate(const NuwaScores& scores, std::int64_t side, std::int64_t survivor,
                   PlanBuilder& builder) {
  const std::int64_t patches = side * side;
  const float* cosines = scores.cosine + static_cast<std::size_t>(survivor * patches);
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t patch = 0; patch < patches; ++patch) {
    const double positive = std::max(0.0, static_cast<double>(cosines[patch]));
    weights.push_back(positive * nearness(survivor, patch, side));
    sum += weights.back();
  }
  for (std::int64_t patch = 0; patch < patches; ++patch) {
    const double weight = weights[static_cast<std::size_t>(patch)] / (sum + 1e-8);
    if (patch == survivor) {
      builder.add(patch, 1);
    } else if (weight > 0) {
      builder.add(patch, static_cast<float>(weight));
    }
  }
}

}  // namespace

std::vector<std::int64_t> nuwa_survivors(std::span<const float> attention, std::int64_t side,
                                         std::int64_t tokens, kernels::Ties ties) {
  Indices candidates;
  for (std::int64_t each = 1; std::ssize(candidates) < tokens && each <= kCell * kCell; ++each) {
    candidates.clear();
    for (std::int64_t row = 0; row < side; row += kCell) {
      for (std::int64_t col = 0; col < side; col += kCell) {
        const Indices best = best_of(attention, cell_of(row, col, side), each, ties);
        candidates.insert(candidates.end(), best.begin(), best.end());
      }
    }
  }
  return raster(best_of(attention, raster(std::move(candidates)), tokens, ties));
}

TokenPlan nuwa_plan(const NuwaScores& scores, std::int64_t side, std::int64_t tokens) {
  const Indices survivors = nuwa_survivors(scores.attention, side, tokens, scores.ties);
  std::vector<float> attention;
  for (const std::int64_t patch : survivors) {
    attention.push_back(scores.attention[static_cast<std::size_t>(patch)]);
  }
  const double pillar = quantile(attention, kPillars);
  PlanBuilder builder(side * side);
  for (std::size_t i = 0; i < survivors.size(); ++i) {
    if (static_cast<double>(attention[i]) >= pillar) {
      builder.select_patch(survivors[i]);
    } else {
      add_aggregate(scores, side, survivors[i], builder);
      builder.end_row_at_patch(survivors[i]);
    }
  }
  return std::move(builder).plan();
}

}  // namespace litebench::prune
