#include "kernels/maskscore/maskscore.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/clones.hpp"
#include "kernels/maskscore/pixel.hpp"

namespace litebench::kernels {
namespace {

constexpr float kNearZero = 1e-3F;
// Output columns per strip: narrow enough to follow an edge, wide enough for vectors.
constexpr std::int64_t kStrip = 64;
// Halved and halved again this is still above zero, so everything between such values is.
constexpr float kSurelyPositive = 1e-30F;

// The inner of PyTorch's two nested interpolations. Its CPU kernel contracts a * w0 + b * w1 to
// fma(a, w0, b * w1): so spelled, logits equal PyTorch's bit for bit at SAM's sizes.
LITEBENCH_FUSED void stretch(const float* row, const std::int32_t* index, const float* w0,
                             const float* w1, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = std::fma(row[index[i]], w0[i], row[index[i] + 1] * w1[i]);
  }
}

// The same where output 4j + 2 … 4j + 5 lies between inputs j and j + 1: without looking places up.
LITEBENCH_FUSED void stretch_by_four(const float* row, const float* w0, const float* w1,
                                     std::int64_t inputs, float* out) {
  for (std::int64_t j = 0; j < inputs; ++j) {
    for (std::int64_t i = 4 * j + 2; i < 4 * j + 6; ++i) {
      out[i] = std::fma(row[j], w0[i], row[j + 1] * w1[i]);
    }
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

struct Signs {
  std::int32_t positive = 0, negative = 0;
};

LITEBENCH_WIDE Signs count_signs(const float* values, std::int64_t count) {
  std::int32_t positive = 0, negative = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    positive += values[i] > kSurelyPositive;
    negative += values[i] <= 0.0F;
  }
  return {positive, negative};
}

// An exponent of all ones; in integers, which a compiler may reorder.
LITEBENCH_WIDE std::uint32_t any_infinite(const float* values, std::int64_t count) {
  std::uint32_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    constexpr std::uint32_t kExponent = 0x7F80'0000;
    found |= (std::bit_cast<std::uint32_t>(values[i]) & kExponent) == kExponent;
  }
  return found;
}

struct Counts {
  std::uint32_t predicted = 0, hit = 0, target = 0, overlap = 0, overlap_hit = 0;
};

// Sums of bytes in bytes, one per lane of a vector: widening every addend would cost more than all
// the rest. A lane overflows after 255 addends.
constexpr std::int64_t kLanes = 32, kLaneSteps = 255;
struct LaneCounts {
  std::uint8_t predicted[kLanes] = {}, hit[kLanes] = {}, target[kLanes] = {}, overlap[kLanes] = {},
               overlap_hit[kLanes] = {};
};

inline void count_lanes(const std::uint8_t* bits, const std::uint8_t* target, std::int64_t lanes,
                        LaneCounts& sums) {
  for (std::int64_t i = 0; i < lanes; ++i) {
    const std::uint8_t p = bits[i], is_one = target[i] == 1, is_many = target[i] > 1;
    sums.predicted[i] = static_cast<std::uint8_t>(sums.predicted[i] + p);
    sums.target[i] = static_cast<std::uint8_t>(sums.target[i] + is_one);
    sums.overlap[i] = static_cast<std::uint8_t>(sums.overlap[i] + is_many);
    sums.hit[i] = static_cast<std::uint8_t>(sums.hit[i] + (p & is_one));
    sums.overlap_hit[i] = static_cast<std::uint8_t>(sums.overlap_hit[i] + (p & is_many));
  }
}

LITEBENCH_WIDE void count_pixels(const std::uint8_t* bits, const std::uint8_t* target,
                                 std::int64_t count, Counts& counts) {
  LaneCounts sums;
  std::int64_t at = 0;
  for (; at + kLanes <= count; at += kLanes) count_lanes(bits + at, target + at, kLanes, sums);
  count_lanes(bits + at, target + at, count - at, sums);
  for (std::int64_t i = 0; i < kLanes; ++i) {
    counts.predicted += sums.predicted[i];
    counts.hit += sums.hit[i];
    counts.target += sums.target[i];
    counts.overlap += sums.overlap[i];
    counts.overlap_hit += sums.overlap_hit[i];
  }
}

LITEBENCH_WIDE std::int64_t count_ones(const std::uint8_t* bits, std::int64_t count) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += bits[i];
  return sum;
}

void add(MaskScore& score, const std::uint8_t* bits, const std::uint8_t* target,
         std::int64_t count) {
  if (target == nullptr) {
    score.predicted_area += count_ones(bits, count);
    return;
  }
  constexpr std::int64_t kStep = kLanes * kLaneSteps;
  for (std::int64_t at = 0; at < count; at += kStep) {
    Counts counts;
    count_pixels(bits + at, target + at, std::min(kStep, count - at), counts);
    score.predicted_area += counts.predicted;
    score.intersection += counts.hit;
    score.target_area += counts.target;
    score.overlap_area += counts.overlap;
    score.overlap_hit += counts.overlap_hit;
  }
}

void close(MaskScore& score) {
  score.union_ = score.predicted_area + score.target_area - score.intersection;
}

void note(MaskDiagnostics& diagnostics, const float* row, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) diagnostics.near_zero += std::fabs(row[i]) < kNearZero;
  diagnostics.logits.insert(diagnostics.logits.end(), row, row + count);
}

/// Visits the longest runs of neighbouring indices in [within.begin, within.end) that are in.
template <typename Run, typename In, typename Visit>
void each_run(Run within, const In& in, const Visit& visit) {
  for (std::size_t at = within.begin; at < within.end; ++at) {
    if (!in(at)) continue;
    std::size_t end = at + 1;
    while (end < within.end && in(end)) ++end;
    visit(Run{at, end});
    at = end;
  }
}

}  // namespace

BackgroundScore background(const MaskScore& score, std::int64_t pixels) {
  const std::int64_t target = pixels - score.target_area - score.overlap_area;  // G=0
  const std::int64_t missed =
      score.predicted_area - score.intersection - score.overlap_hit;  // P=1 ∧ G=0
  const std::int64_t intersection = target - missed;
  return {intersection, pixels - score.predicted_area + target - intersection};
}

bool all_finite(const float* values, std::int64_t count) {
  return any_infinite(values, count) == 0;
}

MaskScore score_mask(const std::uint8_t* mask, const std::uint8_t* target, std::int64_t pixels) {
  MaskScore score;
  add(score, mask, target, pixels);
  close(score);
  return score;
}

// The neighbour of the last source element is a copy of it that callers keep behind each row, so
// index + 1 is always readable.
MaskScorer::Axis MaskScorer::make_axis(std::int64_t in, std::int64_t out, std::int64_t used) {
  Axis axis;
  const float scale = scale_of(in, out);
  for (std::int64_t i = 0; i < used; ++i) {
    const Place place =
        place_of(static_cast<std::int32_t>(i), static_cast<std::int32_t>(in), scale);
    axis.index.push_back(place.lower);
    axis.w0.push_back(place.w0);
    axis.w1.push_back(place.w1);
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
  four_per_cell_ = frame.sam_image == 4 * frame.low_res;
  make_strips();
  for (auto& row : low_) row.resize(frame.resized_w);
  for (auto& row : sam_) row.resize(frame.width);
  for (auto& at : sam_at_) at.resize(strips_.size());
  row_signs_.resize(strips_.size());
}

void MaskScorer::make_strips() {
  for (std::int64_t begin = 0; begin < frame_.width; begin += kStrip) {
    const std::int64_t end = std::min(begin + kStrip, frame_.width);
    const std::int64_t sam_begin = out_x_.index[begin],
                       sam_end =
                           std::min<std::int64_t>(out_x_.index[end - 1] + 2, frame_.resized_w);
    const std::int64_t low_begin = sam_x_.index[sam_begin],
                       low_end =
                           std::min<std::int64_t>(sam_x_.index[sam_end - 1] + 2, frame_.low_res);
    strips_.push_back({begin, end, sam_begin, sam_end, low_begin, low_end});
  }
  signs_.resize(frame_.low_res * strips_.size());
}

void MaskScorer::note_signs(const float* logits) {
  auto* sign = signs_.data();
  for (std::int64_t y = 0; y < frame_.low_res; ++y) {
    for (const Strip& strip : strips_) {
      const auto count = static_cast<std::int32_t>(strip.low_end - strip.low_begin);
      const Signs signs = count_signs(logits + y * frame_.low_res + strip.low_begin, count);
      *sign++ = signs.positive == count ? kPositive : signs.negative == count ? kNegative : kMixed;
    }
  }
}

std::uint8_t MaskScorer::sign_at(std::int64_t y, std::size_t strip) const {
  const std::int64_t first = out_y_.index[y], last = std::min(first + 1, frame_.resized_h - 1);
  const std::int64_t begin = sam_y_.index[first],
                     end = std::min<std::int64_t>(sam_y_.index[last] + 2, frame_.low_res);
  std::uint8_t sign = 0;
  for (std::int64_t row = begin; row < end; ++row) sign |= signs_[row * strips_.size() + strip];
  return sign;
}

// Rows are asked for in rising pairs (y, y + 1), so two slots by parity never evict a row that is
// still needed.
const float* MaskScorer::low_row(const float* logits, std::int64_t row) {
  row = std::min(row, frame_.low_res - 1);
  std::vector<float>& slot = low_[row & 1];
  if (low_at_[row & 1] == row) return slot.data();
  low_at_[row & 1] = row;
  std::memcpy(wide_.data(), logits + row * frame_.low_res, frame_.low_res * sizeof(float));
  wide_[frame_.low_res] = wide_[frame_.low_res - 1];
  const std::int64_t width = frame_.resized_w;
  const auto plain = [&](std::int64_t begin, std::int64_t end) {
    stretch(wide_.data(), &sam_x_.index[begin], &sam_x_.w0[begin], &sam_x_.w1[begin], end - begin,
            slot.data() + begin);
  };
  if (!four_per_cell_ || width < 6) {
    plain(0, width);
    return slot.data();
  }
  const std::int64_t whole = (width - 2) / 4;
  plain(0, 2);
  stretch_by_four(wide_.data(), sam_x_.w0.data(), sam_x_.w1.data(), whole, slot.data());
  plain(4 * whole + 2, width);
  return slot.data();
}

// Neighbouring strips together: between short loops that read what the one before has just written,
// the processor waits for its own stores.
void MaskScorer::make_sam_part(const float* logits, std::int64_t row, StripRun run) {
  const Strip &first = strips_[run.begin], &last = strips_[run.end - 1];
  const std::int64_t sam_begin = first.sam_begin, sam_end = last.sam_end;
  const float* upper = low_row(logits, sam_y_.index[row]) + sam_begin;
  const float* lower = low_row(logits, sam_y_.index[row] + 1) + sam_begin;
  blend(upper, lower, sam_y_.w0[row], sam_y_.w1[row], sam_end - sam_begin,
        wide_.data() + sam_begin);
  if (sam_end == frame_.resized_w) wide_[sam_end] = wide_[sam_end - 1];
  stretch(wide_.data(), &out_x_.index[first.begin], &out_x_.w0[first.begin],
          &out_x_.w1[first.begin], last.end - first.begin, sam_[row & 1].data() + first.begin);
}

const float* MaskScorer::sam_row(const float* logits, std::int64_t row, StripRun run) {
  row = std::min(row, frame_.resized_h - 1);
  std::vector<std::int64_t>& made = sam_at_[row & 1];
  each_run(
      run, [&](std::size_t strip) { return made[strip] != row; },
      [&](StripRun part) { make_sam_part(logits, row, part); });
  std::fill(made.begin() + run.begin, made.begin() + run.end, row);
  return sam_[row & 1].data();
}

void MaskScorer::draw(const float* logits, std::int64_t y, StripRun run, std::uint8_t* bits) {
  const std::int64_t begin = strips_[run.begin].begin, count = strips_[run.end - 1].end - begin;
  const float* upper = sam_row(logits, out_y_.index[y], run) + begin;
  const float* lower = sam_row(logits, out_y_.index[y] + 1, run) + begin;
  blend(upper, lower, out_y_.w0[y], out_y_.w1[y], count, final_.data() + begin);
  threshold(final_.data() + begin, count, bits + begin);
}

void MaskScorer::draw_row(const float* logits, std::int64_t y, std::uint8_t* bits) {
  for (std::size_t strip = 0; strip < strips_.size(); ++strip) {
    row_signs_[strip] = sign_at(y, strip);
    if (row_signs_[strip] == kMixed) continue;
    const auto [begin, end] = std::pair(strips_[strip].begin, strips_[strip].end);
    std::memset(bits + begin, row_signs_[strip] == kPositive ? 1 : 0,
                static_cast<std::size_t>(end - begin));
  }
  each_run(
      StripRun{0, strips_.size()}, [&](std::size_t strip) { return row_signs_[strip] == kMixed; },
      [&](StripRun run) { draw(logits, y, run, bits); });
}

MaskScore MaskScorer::score(const float* logits, const std::uint8_t* target, std::uint8_t* mask,
                            MaskDiagnostics* diagnostics) {
  std::fill(std::begin(low_at_), std::end(low_at_), -1);
  for (auto& at : sam_at_) std::fill(at.begin(), at.end(), -1);
  if (diagnostics != nullptr) {
    *diagnostics = {};
    std::fill(signs_.begin(), signs_.end(), kMixed);
  } else {
    note_signs(logits);
  }
  MaskScore score;
  for (std::int64_t y = 0; y < frame_.height; ++y) {
    std::uint8_t* bits = mask == nullptr ? bits_.data() : mask + y * frame_.width;
    draw_row(logits, y, bits);
    add(score, bits, target == nullptr ? nullptr : target + y * frame_.width, frame_.width);
    if (diagnostics != nullptr) note(*diagnostics, final_.data(), frame_.width);
  }
  close(score);
  return score;
}

}  // namespace litebench::kernels
