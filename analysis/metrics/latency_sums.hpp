#pragma once
// The latency pass per image: sums of every variant's units and of the baseline's units they are paired with.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "analysis/rows/run.hpp"
#include "analysis/statistics/draws.hpp"

namespace litebench::analysis {

enum class Quantity : std::uint8_t {
  total_ns,
  prefill_ns,
  select_ns,
  peak_bytes,
  llm_bytes,
  flops
};
inline constexpr std::size_t kQuantities = 6;

double quantity_of(const results::Unit& unit, Quantity quantity);

/// A metric of the catalogue that is a ratio of paired sums.
struct LatencyRatio {
  std::string_view metric;
  Quantity quantity;
  bool baseline_over_own;
};
inline constexpr std::array<LatencyRatio, 4> kLatencyRatios{{
    {"speed_up", Quantity::total_ns, true},
    {"prefill_speed_up", Quantity::prefill_ns, true},
    {"memory", Quantity::peak_bytes, false},
    {"llm_memory", Quantity::llm_bytes, false},
}};

/// A timed unit and the baseline's of the same sample, attempt and repeat.
struct TimedPair {
  const results::Unit *own = nullptr, *baseline = nullptr;
};

/// Calls take(pairs) with all pairs of one sample and one variant, for every sample and variant that have any. Samples that
/// failed for one variant are left out of all.
void each_timed_sample(const Run& run, std::size_t baseline,
                       const std::function<void(std::span<const TimedPair>)>& take);

/// What a sample adds to the sums of a quantity: its means over repeats, so that a sample that was repeated more often than
/// another weighs no more.
struct PairMean {
  std::int64_t pairs = 0;  ///< 0: nothing was measured, and there is no mean
  double own = 0, baseline = 0;
};
/// Over the pairs of one sample. Pairs of which one value was not measured (negative or 0) are left out.
PairMean mean_of(std::span<const TimedPair> pairs, Quantity quantity);

struct LatencySums {
  ClusterTable table;  ///< clusters: images, rising
};

/// Column of a quantity of a variant (or of the units of the baseline that it is paired with).
constexpr std::size_t latency_column(std::size_t variant, Quantity quantity, bool baseline) {
  return (variant * kQuantities + static_cast<std::size_t>(quantity)) * 2 + (baseline ? 1 : 0);
}

/// Sums over samples of mean_of, quantity by quantity.
LatencySums latency_sums(const Run& run, std::int16_t protocol, std::size_t baseline);

}  // namespace litebench::analysis
