#include "analysis/metrics/tally.hpp"

namespace litebench::analysis {
namespace {

/// The reference's per-image update, float32 at every step: sums over the expressions, division by
/// their number, multiplication by it again, addition to the running sum.
void add_sample_f32(Tally& tally, std::span<const Counts> expressions) {
  float intersection = 0, union_sum = 0, accuracy = 0;
  for (const Counts& e : expressions) {
    const auto hit = static_cast<float>(e.intersection);
    const auto all = static_cast<float>(e.union_);
    intersection += hit;
    union_sum += all;
    accuracy += hit / (all + 1e-5F);
    if (e.union_ == 0) accuracy += 1.0F;
  }
  const auto masks = static_cast<float>(expressions.size());
  tally.f32_intersection += intersection;
  tally.f32_union += union_sum;
  const float mean = accuracy / masks;
  tally.f32_iou += mean * masks;
}

}  // namespace

bool is_hit(const Counts& counts, std::size_t index) {
  return counts.union_ == 0 || 10 * counts.intersection >= kPrecisionTenths[index] * counts.union_;
}

double iou_of(const Counts& counts, Epsilons epsilons) {
  if (counts.union_ == 0) return 1.0;
  const auto hit = static_cast<double>(counts.intersection);
  const auto all = static_cast<double>(counts.union_);
  return epsilons == Epsilons::upstream ? hit / (all + 1e-5) : hit / all;
}

void add_sample(Tally& tally, std::span<const Counts> expressions, Epsilons epsilons) {
  if (expressions.empty()) return;
  ++tally.samples;
  for (const Counts& e : expressions) {
    ++tally.expressions;
    tally.intersection += e.intersection;
    tally.union_ += e.union_;
    tally.iou += iou_of(e, epsilons);
    (e.has_target ? tally.with_target : tally.without_target) += 1;
    if (e.has_target == e.predicted) {
      (e.has_target ? tally.with_target_right : tally.without_target_right) += 1;
    }
    for (std::size_t i = 0; i < kPrecisionTenths.size(); ++i) {
      tally.hits[i] += is_hit(e, i) ? 1 : 0;
    }
  }
  if (epsilons == Epsilons::upstream) add_sample_f32(tally, expressions);
}

void add_tally(Tally& tally, const Tally& other) {
  tally.samples += other.samples;
  tally.expressions += other.expressions;
  tally.intersection += other.intersection;
  tally.union_ += other.union_;
  tally.iou += other.iou;
  tally.without_target += other.without_target;
  tally.without_target_right += other.without_target_right;
  tally.with_target += other.with_target;
  tally.with_target_right += other.with_target_right;
  for (std::size_t i = 0; i < tally.hits.size(); ++i) tally.hits[i] += other.hits[i];
  tally.f32_intersection += other.f32_intersection;
  tally.f32_union += other.f32_union;
  tally.f32_iou += other.f32_iou;
}

std::optional<double> ciou(const Tally& tally, Epsilons epsilons, Accumulation accumulation) {
  if (tally.expressions == 0) return std::nullopt;
  if (epsilons == Epsilons::none) {
    if (tally.union_ == 0) return std::nullopt;
    return static_cast<double>(tally.intersection) / static_cast<double>(tally.union_);
  }
  if (accumulation == Accumulation::f32) return tally.f32_intersection / (tally.f32_union + 1e-10F);
  return static_cast<double>(tally.intersection) / (static_cast<double>(tally.union_) + 1e-10);
}

std::optional<double> giou(const Tally& tally, Epsilons epsilons, Accumulation accumulation) {
  if (tally.expressions == 0) return std::nullopt;
  const auto count = static_cast<double>(tally.expressions);
  if (epsilons == Epsilons::none) return tally.iou / count;
  // The count is a Python float; NumPy narrows it to the array's float32 before dividing.
  if (accumulation == Accumulation::f32) return tally.f32_iou / static_cast<float>(count + 1e-5);
  return tally.iou / (count + 1e-5);
}

std::optional<double> no_target_accuracy(const Tally& tally) {
  if (tally.without_target == 0) return std::nullopt;
  return static_cast<double>(tally.without_target_right) /
         static_cast<double>(tally.without_target);
}

std::optional<double> target_accuracy(const Tally& tally) {
  if (tally.with_target == 0) return std::nullopt;
  return static_cast<double>(tally.with_target_right) / static_cast<double>(tally.with_target);
}

std::optional<double> precision(const Tally& tally, std::size_t index) {
  if (tally.expressions == 0) return std::nullopt;
  return static_cast<double>(tally.hits[index]) / static_cast<double>(tally.expressions);
}

void add_to_mean(std::optional<double>& mean, std::optional<double> value,
                 std::int32_t seeds_before) {
  if (seeds_before == 0) {
    mean = value;
  } else if (mean && value) {
    mean = *mean + (*value - *mean) / (seeds_before + 1);
  } else {
    mean.reset();
  }
}

}  // namespace litebench::analysis
