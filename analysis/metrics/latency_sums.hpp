#pragma once
// The latency pass per image: sums of every variant's units and of the baseline's units they are paired with.

#include <array>
#include <cstdint>
#include <functional>
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

/// Calls take(unit, unit of the baseline) for every timed unit whose sample and repeat the baseline has too. Samples that failed
/// for one variant are left out of all.
void each_timed_pair(const Run& run, std::size_t baseline,
                     const std::function<void(const results::Unit&, const results::Unit&)>& take);

struct LatencySums {
  ClusterTable table;  ///< clusters: images, rising
};

/// Column of a quantity of a variant (or of the units of the baseline that it is paired with).
constexpr std::size_t latency_column(std::size_t variant, Quantity quantity, bool baseline) {
  return (variant * kQuantities + static_cast<std::size_t>(quantity)) * 2 + (baseline ? 1 : 0);
}

/// Pairs of which one value was not measured (negative or 0) are left out, quantity by quantity.
LatencySums latency_sums(const Run& run, std::int16_t protocol, std::size_t baseline);

}  // namespace litebench::analysis
