#include "analysis/audit/conventions.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

namespace litebench::analysis::audit {
namespace {

struct Known {
  std::string_view name, formula;
};
constexpr Known kKnown[] = {
    {"ciou_upstream_f32", "ΣI / (ΣU + 1e-10), float32 sums in evaluation order"},
    {"ciou_upstream", "ΣI / (ΣU + 1e-10)"},
    {"ciou_union_target", "Σ (I + overlap_hit) / Σ (union with every polygon's pixels)"},
    {"ciou_with_target", "ΣI / ΣU over expressions with a target"},
    {"ciou_by_image", "mean over conversations of ΣI / ΣU"},
    {"giou_upstream_f32", "Σ IoU / (n + 1e-5), float32 sums in evaluation order"},
    {"giou_upstream", "Σ IoU / (n + 1e-5), IoU = I / (U + 1e-5), 1 where U = 0"},
    {"giou_plain", "Σ IoU / n, IoU = I / U, 1 where U = 0"},
    {"giou_union_target", "the same with every polygon's pixels in the target"},
    {"giou_with_target", "the same over expressions with a target"}};

struct Pixels {
  double hit = 0, all = 0;
};

Pixels pixels_of(const results::Expression& e, bool united) {
  if (!united) return {static_cast<double>(e.intersection), static_cast<double>(e.union_)};
  const std::int64_t hit = e.intersection + e.overlap_hit;
  return {static_cast<double>(hit),
          static_cast<double>(e.predicted_area + e.target_area + e.overlap_area - hit)};
}

/// Mean over conversations of their own ratio; a conversation without any pixel is worth 1.
SeedValue by_image(const Ledger& ledger, const std::vector<std::size_t>& rows) {
  std::map<std::uint64_t, Pixels> samples;
  for (const std::size_t row : rows) {
    const results::Expression& e = ledger.run().expressions[row];
    samples[e.sample_id].hit += static_cast<double>(e.intersection);
    samples[e.sample_id].all += static_cast<double>(e.union_);
  }
  double sum = 0;
  for (const auto& [id, pixels] : samples) sum += pixels.all == 0 ? 1 : pixels.hit / pixels.all;
  const double value = sum / static_cast<double>(samples.size());
  return {value,
          fmt::format("Σ = {:.6f} over {} conversations → {:.6f}", sum, samples.size(), value)};
}

}  // namespace

bool is_other_convention(std::string_view metric) {
  return std::ranges::find(kKnown, metric, &Known::name) != std::end(kKnown);
}

std::string formula_of_convention(std::string_view metric) {
  return fmt::format("{} = {}", metric, std::ranges::find(kKnown, metric, &Known::name)->formula);
}

SeedValue convention_value(const Ledger& ledger, std::string_view metric,
                           const std::vector<std::size_t>& rows) {
  if (metric == "ciou_by_image") return by_image(ledger, rows);
  const bool united = metric.ends_with("_union_target"), targets = metric.ends_with("_with_target"),
             upstream = metric.ends_with("_upstream");
  double hit = 0, all = 0, iou = 0;
  std::int64_t count = 0;
  for (const std::size_t row : rows) {
    const results::Expression& e = ledger.run().expressions[row];
    if (targets && e.target_area + e.overlap_area == 0) continue;
    const Pixels pixels = pixels_of(e, united);
    hit += pixels.hit;
    all += pixels.all;
    iou += pixels.all == 0 ? 1 : pixels.hit / (pixels.all + (upstream ? 1e-5 : 0));
    ++count;
  }
  const bool ratio_of_sums = metric.starts_with("ciou");
  if (count == 0 || (ratio_of_sums && !upstream && all == 0))
    return {std::nullopt, "nothing to count"};
  const double value = ratio_of_sums ? hit / (all + (upstream ? 1e-10 : 0))
                                     : iou / (static_cast<double>(count) + (upstream ? 1e-5 : 0));
  return {value,
          fmt::format("ΣI = {:.0f}, ΣU = {:.0f}, Σ IoU = {:.6f} over {} expressions → {:.6f}", hit,
                      all, iou, count, value)};
}

}  // namespace litebench::analysis::audit
