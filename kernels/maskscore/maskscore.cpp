#include "kernels/maskscore/maskscore.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "kernels/clones.hpp"

namespace litebench::kernels {
namespace {

constexpr float kNearZero = 1e-3F;

// The inner of PyTorch's two nested interpolations. Its CPU kernel contracts a * w0 + b * w1 to
// fma(a, w0, b * w1): so spelled, logits equal PyTorch's bit for bit at SAM's sizes.
LITEBENCH_FUSED void stretch(const float* row, const std::int32_t* index, const float* w0,
                             const float* w1, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = std::fma(row[index[i]], w0[i], row[index[i] + 1] * w1[i]);
  }
}

// The outer one.
LITEBENCH_FUSED void blend(const float* upper, const float* lower, float w0, float w1,
                           std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = std::fma(upper[i], w0, lower[i] * w1);
}

LITEBENCH_WIDE void threshold(const float* logits, std::int64_t count, std::uint8_t* bits) {
  for (std::int64_t i = 0; i < count; ++i) bits[i] = logits[i] > 0.0F;
}

struct Counts {
  std::uint32_t predicted = 0, hit = 0, target = 0, overlap = 0, overlap_hit = 0;
};

// 32-bit sums keep the loop in vectors; a caller passes at most 2^31 pixels at a time.
LITEBENCH_WIDE void count_pixels(const std::uint8_t* bits, const std::uint8_t* target,
                                 std::int64_t count, Counts& counts) {
  std::uint32_t predicted = 0, hit = 0, one = 0, many = 0, many_hit = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t p = bits[i], is_one = target[i] == 1, is_many = target[i] > 1;
    predicted += p;
    one += is_one;
    many += is_many;
    hit += static_cast<std::uint8_t>(p & is_one);
    many_hit += static_cast<std::uint8_t>(p & is_many);
  }
  counts = {predicted, hit, one, many, many_hit};
}

LITEBENCH_WIDE std::uint32_t count_ones(const std::uint8_t* bits, std::int64_t count) {
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += bits[i];
  return sum;
}

void add(MaskScore& score, const std::uint8_t* bits, const std::uint8_t* target,
         std::int64_t count) {
  if (target == nullptr) {
    score.predicted_area += count_ones(bits, count);
    return;
  }
  Counts counts;
  count_pixels(bits, target, count, counts);
  score.predicted_area += counts.predicted;
  score.intersection += counts.hit;
  score.target_area += counts.target;
  score.overlap_area += counts.overlap;
  score.overlap_hit += counts.overlap_hit;
}

void close(MaskScore& score) {
  score.union_ = score.predicted_area + score.target_area - score.intersection;
}

void note(MaskDiagnostics& diagnostics, const float* row, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) diagnostics.near_zero += std::fabs(row[i]) < kNearZero;
  diagnostics.logits.insert(diagnostics.logits.end(), row, row + count);
}

}  // namespace

BackgroundScore background(const MaskScore& score, std::int64_t pixels) {
  const std::int64_t target = pixels - score.target_area - score.overlap_area;  // G=0
  const std::int64_t missed =
      score.predicted_area - score.intersection - score.overlap_hit;  // P=1 ∧ G=0
  const std::int64_t intersection = target - missed;
  return {intersection, pixels - score.predicted_area + target - intersection};
}

MaskScore score_mask(const std::uint8_t* mask, const std::uint8_t* target, std::int64_t pixels) {
  MaskScore score;
  constexpr std::int64_t kStep = 1 << 16;
  for (std::int64_t at = 0; at < pixels; at += kStep) {
    add(score, mask + at, target == nullptr ? nullptr : target + at, std::min(kStep, pixels - at));
  }
  close(score);
  return score;
}

// PyTorch's source coordinate for align_corners=false, in its float arithmetic. The neighbour of
// the last source element is a copy of it that callers keep behind each row, so index + 1 is always
// readable.
MaskScorer::Axis MaskScorer::make_axis(std::int64_t in, std::int64_t out, std::int64_t used) {
  Axis axis;
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (std::int64_t i = 0; i < used; ++i) {
    const float source = std::max(0.0F, std::fma(scale, static_cast<float>(i) + 0.5F, -0.5F));
    const auto low = std::min(static_cast<std::int64_t>(source), in - 1);
    const float w1 = std::clamp(source - static_cast<float>(low), 0.0F, 1.0F);
    axis.index.push_back(static_cast<std::int32_t>(low));
    axis.w0.push_back(1.0F - w1);
    axis.w1.push_back(w1);
  }
  return axis;
}

MaskScorer::MaskScorer(const MaskFrame& frame)
    : frame_(frame),
      sam_y_(make_axis(frame.low_res, frame.sam_image, frame.resized_h)),
      sam_x_(make_axis(frame.low_res, frame.sam_image, frame.resized_w)),
      out_y_(make_axis(frame.resized_h, frame.height, frame.height)),
      out_x_(make_axis(frame.resized_w, frame.width, frame.width)),
      wide_(std::max(frame.low_res, frame.resized_w) + 1),
      final_(frame.width),
      bits_(frame.width) {
  assert(frame.resized_h >= 1 && frame.resized_h <= frame.sam_image);
  assert(frame.resized_w >= 1 && frame.resized_w <= frame.sam_image);
  for (auto& row : low_) row.resize(frame.resized_w);
  for (auto& row : sam_) row.resize(frame.width);
}

// Rows are asked for in rising pairs (y, y + 1), so two slots by parity never evict a row that is
// still needed.
const float* MaskScorer::low_row(const float* logits, std::int64_t row) {
  row = std::min(row, frame_.low_res - 1);
  std::vector<float>& slot = low_[row & 1];
  if (low_at_[row & 1] != row) {
    std::memcpy(wide_.data(), logits + row * frame_.low_res, frame_.low_res * sizeof(float));
    wide_[frame_.low_res] = wide_[frame_.low_res - 1];
    stretch(wide_.data(), sam_x_.index.data(), sam_x_.w0.data(), sam_x_.w1.data(), frame_.resized_w,
            slot.data());
    low_at_[row & 1] = row;
  }
  return slot.data();
}

const float* MaskScorer::sam_row(const float* logits, std::int64_t row) {
  row = std::min(row, frame_.resized_h - 1);
  std::vector<float>& slot = sam_[row & 1];
  if (sam_at_[row & 1] != row) {
    const float* upper = low_row(logits, sam_y_.index[row]);
    const float* lower = low_row(logits, sam_y_.index[row] + 1);
    blend(upper, lower, sam_y_.w0[row], sam_y_.w1[row], frame_.resized_w, wide_.data());
    wide_[frame_.resized_w] = wide_[frame_.resized_w - 1];
    stretch(wide_.data(), out_x_.index.data(), out_x_.w0.data(), out_x_.w1.data(), frame_.width,
            slot.data());
    sam_at_[row & 1] = row;
  }
  return slot.data();
}

MaskScore MaskScorer::score(const float* logits, const std::uint8_t* target, std::uint8_t* mask,
                            MaskDiagnostics* diagnostics) {
  std::fill(std::begin(low_at_), std::end(low_at_), -1);
  std::fill(std::begin(sam_at_), std::end(sam_at_), -1);
  if (diagnostics != nullptr) *diagnostics = {};
  MaskScore score;
  for (std::int64_t y = 0; y < frame_.height; ++y) {
    const float* upper = sam_row(logits, out_y_.index[y]);
    const float* lower = sam_row(logits, out_y_.index[y] + 1);
    blend(upper, lower, out_y_.w0[y], out_y_.w1[y], frame_.width, final_.data());
    std::uint8_t* bits = mask == nullptr ? bits_.data() : mask + y * frame_.width;
    threshold(final_.data(), frame_.width, bits);
    add(score, bits, target == nullptr ? nullptr : target + y * frame_.width, frame_.width);
    if (diagnostics != nullptr) note(*diagnostics, final_.data(), frame_.width);
  }
  close(score);
  return score;
}

}  // namespace litebench::kernels
