#pragma once
// cIoU, gIoU and P@t from per-expression intersections and unions (upstream.md §7).

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace litebench::analysis {

/// What an empty union is worth and which small numbers are added to denominators.
///   upstream: I/(U + 1e-5) per expression, +1 where U = 0, cIoU over ΣU + 1e-10, gIoU over count + 1e-5 (§7.2, §7.3)
///   none:     I/U, 1 where U = 0 (nothing to find, nothing found); no cIoU when ΣU = 0
enum class Epsilons : std::uint8_t { upstream, none };

/// How sums are kept. `f32` repeats the reference's float32 additions one by one (§7.3), so its
/// result depends on the order of the samples; `exact` uses integers, and doubles for the mean of
/// ratios.
enum class Accumulation : std::uint8_t { exact, f32 };

struct Counts {
  std::int64_t intersection = 0, union_ = 0;
  bool has_target = true, predicted = true;  ///< is there anything to find, was anything found
};

inline constexpr std::array<int, 5> kPrecisionTenths{5, 6, 7, 8, 9};

/// Sums over the samples given so far.
struct Tally {
  std::int64_t samples = 0, expressions = 0;
  std::int64_t intersection = 0, union_ = 0;
  double iou = 0;
  /// gRefCOCO: expressions that refer to nothing, and of them those with an empty prediction; the
  /// others, and of them those with a prediction.
  std::int64_t without_target = 0, without_target_right = 0, with_target = 0, with_target_right = 0;
  std::array<std::int64_t, kPrecisionTenths.size()>
      hits{};  ///< expressions with IoU >= 0.5, 0.6, …
  float f32_intersection = 0, f32_union = 0, f32_iou = 0;  ///< filled for Epsilons::upstream
};

/// Adds one sample: one conversation, the unit over which upstream averages before it accumulates.
void add_sample(Tally& tally, std::span<const Counts> expressions, Epsilons epsilons);

/// Adds the sums of another rank, in float32 where the reference's all-reduce does.
void add_tally(Tally& tally, const Tally& other);

/// Is IoU >= kPrecisionTenths[index] / 10? Decided on integers; an empty union counts as a hit.
bool is_hit(const Counts& counts, std::size_t index);

/// IoU of one expression under a convention.
double iou_of(const Counts& counts, Epsilons epsilons);

std::optional<double> ciou(const Tally& tally, Epsilons epsilons, Accumulation accumulation);
std::optional<double> giou(const Tally& tally, Epsilons epsilons, Accumulation accumulation);
/// Share of expressions without a target that were answered with an empty mask, and of those with one that were not.
std::optional<double> no_target_accuracy(const Tally& tally);
std::optional<double> target_accuracy(const Tally& tally);
/// Share of expressions with IoU >= kPrecisionTenths[index] / 10; a hit is decided on integers.
std::optional<double> precision(const Tally& tally, std::size_t index);

/// Running mean over seeds; a value missing for one seed is missing altogether.
void add_to_mean(std::optional<double>& mean, std::optional<double> value,
                 std::int32_t seeds_before);

}  // namespace litebench::analysis
