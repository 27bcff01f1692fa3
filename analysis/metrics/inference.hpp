#pragma once
// What resampling says about the numbers of a Summary: intervals, differences, and who is better.

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "analysis/metrics/image_sums.hpp"
#include "analysis/metrics/summary.hpp"
#include "analysis/statistics/sampled.hpp"
#include "analysis/statistics/significance.hpp"

namespace litebench::analysis {

struct InferenceOptions {
  DrawOptions draws;  ///< draws.draws = 0: no intervals, no tests
  IntervalOptions interval;
  Correction correction = Correction::holm;
  double alpha = 0.05;   ///< of tests and marks
  double power = 0.8;    ///< of the minimal detectable effect
  double margin = 0.01;  ///< of equivalence, as a share of cIoU
  /// Below so many images a cell has no interval: resampling so few says little about all images.
  std::size_t least_images = 10;
};

/// Which splits a number is of.
inline constexpr std::int32_t kAverage = -1;

enum class Against : std::uint8_t {
  baseline,
  rival,  ///< the best other variant of the same budget
  next,   ///< the next lower one of the same budget
};

/// cIoU of `variant` − cIoU of `other`, on the same images.
struct Comparison {
  std::int16_t protocol = 0;
  std::int32_t split = kAverage;
  std::size_t variant = 0, other = 0;
  Against against{};
  double difference = 0;
  std::optional<Interval> interval;
  double p = 1, adjusted_p = 1;
  std::optional<double> detectable;     ///< difference that would be found with the wanted power
  std::optional<double> equivalence_p;  ///< of "they differ by the margin or more"
  std::size_t images = 0;
};

struct Inference {
  InferenceOptions options;
  /// metric (a name in the catalogue), protocol, split or kAverage, variant
  std::map<std::tuple<std::string_view, std::int16_t, std::int32_t, std::size_t>, Interval>
      intervals;
  std::vector<Comparison> comparisons;

  [[nodiscard]] std::optional<Interval> interval(std::string_view metric, std::size_t protocol,
                                                 std::int32_t split, std::size_t variant) const;
  [[nodiscard]] const Comparison* find(Against against, std::size_t protocol, std::int32_t split,
                                       std::size_t variant) const;
};

Inference infer(const Run& run, const Pairing& pairing, const Summary& summary,
                const SummaryOptions& summary_options, const InferenceOptions& options);

/// Interval of Σ intersection / Σ union per cell and variant; nothing where there are too few images.
/// [cells][variants of the run]
struct CellEstimate {
  std::optional<double> ciou;
  std::optional<Interval> interval;
  double expressions = 0;  ///< of one seed
};
std::vector<std::vector<CellEstimate>> estimate_cells(const Run& run, const Pairing& pairing,
                                                      const SumOptions& sums,
                                                      const InferenceOptions& options);

}  // namespace litebench::analysis
