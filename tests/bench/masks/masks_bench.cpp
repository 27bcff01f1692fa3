// What an expression's mask costs after the model: drawing it from SAM's logits (256² to 1024 × 768 to 640 × 480),
// counting, and encoding it, against doing so pixel by pixel. One thread, one process, processor time; interleaved
// rounds, best of each, so that only ratios matter. Ends with 1 when the two disagree or a target is missed.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "kernels/clones.hpp"
#include "kernels/maskscore/maskscore.hpp"
#include "kernels/rle/rle.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench::kernels;

constexpr MaskFrame kFrame{256, 1024, 768, 1024, 480, 640};
constexpr int kRounds = 25;

struct Result {
  MaskScore score;
  std::vector<std::uint32_t> counts;
  bool operator==(const Result&) const = default;
};

/// One of PyTorch's bilinear interpolations, align_corners=false.
LITEBENCH_FUSED void interpolate_row(const float* upper, const float* lower, float wy,
                                     const std::int64_t* x0, const std::int64_t* x1,
                                     const float* wx, std::int64_t count, float* out) {
  for (std::int64_t x = 0; x < count; ++x) {
    const float above = std::fma(upper[x0[x]], 1 - wx[x], upper[x1[x]] * wx[x]);
    const float below = std::fma(lower[x0[x]], 1 - wx[x], lower[x1[x]] * wx[x]);
    out[x] = std::fma(above, 1 - wy, below * wy);
  }
}

std::vector<float> interpolate(const std::vector<float>& in, std::int64_t in_h, std::int64_t in_w,
                               std::int64_t stride, double scale_y, double scale_x,
                               std::int64_t out_h, std::int64_t out_w) {
  std::vector<float> out(static_cast<std::size_t>(out_h * out_w));
  const auto place = [](std::int64_t i, double scale, std::int64_t size, std::int64_t& low,
                        float& weight) {
    const auto source =
        std::max(0.0F, std::fma(static_cast<float>(scale), static_cast<float>(i) + 0.5F, -0.5F));
    low = std::min(static_cast<std::int64_t>(source), size - 1);
    weight = std::clamp(source - static_cast<float>(low), 0.0F, 1.0F);
  };
  std::vector<std::int64_t> x0(out_w), x1(out_w);
  std::vector<float> wx(out_w);
  for (std::int64_t x = 0; x < out_w; ++x) {
    place(x, scale_x, in_w, x0[x], wx[x]);
    x1[x] = std::min(x0[x] + 1, in_w - 1);
  }
  for (std::int64_t y = 0; y < out_h; ++y) {
    std::int64_t y0 = 0;
    float wy = 0;
    place(y, scale_y, in_h, y0, wy);
    interpolate_row(&in[y0 * stride], &in[std::min(y0 + 1, in_h - 1) * stride], wy, x0.data(),
                    x1.data(), wx.data(), out_w, &out[y * out_w]);
  }
  return out;
}

Result pixel_by_pixel(const std::vector<float>& logits, const std::vector<std::uint8_t>& target) {
  const double first = 1.0 * kFrame.low_res / kFrame.sam_image;
  const auto sam = interpolate(logits, kFrame.low_res, kFrame.low_res, kFrame.low_res, first, first,
                               kFrame.sam_image, kFrame.sam_image);
  const auto final =
      interpolate(sam, kFrame.resized_h, kFrame.resized_w, kFrame.sam_image,
                  1.0 * kFrame.resized_h / kFrame.height, 1.0 * kFrame.resized_w / kFrame.width,
                  kFrame.height, kFrame.width);
  Result result;
  MaskScore& s = result.score;
  for (std::size_t i = 0; i < final.size(); ++i) {
    const bool p = final[i] > 0;
    s.predicted_area += p;
    s.target_area += target[i] == 1;
    s.intersection += p && target[i] == 1;
    s.overlap_area += target[i] > 1;
    s.overlap_hit += p && target[i] > 1;
  }
  s.union_ = s.predicted_area + s.target_area - s.intersection;
  bool last = false;
  result.counts.assign(1, 0);
  for (std::int64_t x = 0; x < kFrame.width; ++x) {
    for (std::int64_t y = 0; y < kFrame.height; ++y) {
      const bool p = final[y * kFrame.width + x] > 0;
      if (p != last) result.counts.push_back(0);
      ++result.counts.back();
      last = p;
    }
  }
  return result;
}

struct Timed {
  double draw = 1e9, encode = 1e9, plain = 1e9;
};

double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Seconds of both ways on one mask; false when they disagree.
bool measure(const std::vector<float>& logits, Timed& best) {
  const std::int64_t pixels = kFrame.height * kFrame.width;
  std::vector<std::uint8_t> target(pixels), mask(pixels);
  for (std::int64_t i = 0; i < pixels; ++i) target[i] = i / kFrame.width > 200 ? 1 : 0;
  MaskScorer scorer(kFrame);
  bool same = true;
  for (int round = 0; round < kRounds; ++round) {
    const double start = now();
    Result quick{scorer.score(logits.data(), target.data(), mask.data()), {}};
    const double drawn = now();
    quick.counts = rle_encode(mask.data(), kFrame.height, kFrame.width).counts;
    const double encoded = now();
    const Result plain = pixel_by_pixel(logits, target);
    best.plain = std::min(best.plain, now() - encoded);
    best.draw = std::min(best.draw, drawn - start);
    best.encode = std::min(best.encode, encoded - drawn);
    same = same && quick == plain;
  }
  return same;
}

std::vector<float> object() {
  std::vector<float> logits;
  for (int y = 0; y < kFrame.low_res; ++y) {
    for (int x = 0; x < kFrame.low_res; ++x) {
      const auto distance = std::hypot(static_cast<float>(x) - 120, static_cast<float>(y) - 100);
      logits.push_back(40 - distance +
                       2 * std::sin(0.5F * static_cast<float>(x)) *
                           std::sin(0.3F * static_cast<float>(y)));
    }
  }
  return logits;
}

std::vector<float> noise() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> logits(kFrame.low_res * kFrame.low_res);
  for (float& value : logits) value = normal(random);
  return logits;
}

}  // namespace

int main() {
  litebench::test::Ratios ratios("masks", fmt::format("1 thread, least of {} rounds, load {}",
                                                      kRounds, litebench::test::load()));
  const std::pair<std::string, std::pair<std::vector<float>, double>> cases[] = {
      {"an object", {object(), 6}}, {"noise", {noise(), 1}}};
  for (const auto& [name, of] : cases) {
    Timed best;
    const bool same = measure(of.first, best);
    const double ours = best.draw + best.encode;
    ratios.add(name + ": pixel by pixel / ours", best.plain / ours, of.second);
    ratios.add(name + ": drawing / ours", best.draw / ours);
    ratios.add(name + ": the same mask", same ? 1 : 0, 1);
  }
  return ratios.finish();
}
