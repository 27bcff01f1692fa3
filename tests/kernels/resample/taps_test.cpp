// What the threads of kernels/resample/resample.cu do, one after the other. Expected: resample(), which resample_test.cpp
// compares with Pillow.
#include "kernels/resample/taps.hpp"

#include <gtest/gtest.h>

#include <random>

namespace litebench::kernels {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes run(ResamplePass pass, const Taps& taps) {
  Bytes out(static_cast<std::size_t>(pass.outer * pass.positions * pass.inner));
  pass.first = taps.first.data();
  pass.count = taps.count.data();
  pass.weights = taps.weights.data();
  pass.stride = taps.stride;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = resampled(pass, static_cast<std::int64_t>(i));
  }
  return out;
}

/// `pictures` of one size, one behind the other, row pass then column pass.
Bytes two_passes(const Bytes& in, std::int64_t pictures, const ImageView& size, std::int64_t height,
                 std::int64_t width, Filter filter) {
  const Bytes middle = run({.in = in.data(),
                            .outer = pictures * size.height,
                            .in_positions = size.width,
                            .positions = width,
                            .inner = size.channels},
                           make_taps(size.width, width, filter, 0, width));
  return run({.in = middle.data(),
              .outer = pictures,
              .in_positions = size.height,
              .positions = height,
              .inner = width * size.channels},
             make_taps(size.height, height, filter, 0, height));
}

TEST(ResamplePass, RowsThenColumnsAreTheResizedPictures) {
  std::mt19937 random(7);
  for (const std::int64_t channels : {1, 3}) {
    for (const Filter filter : {Filter::bilinear, Filter::bicubic}) {
      for (const auto& [height, width] : {std::pair{31, 45}, {64, 80}, {9, 100}}) {
        Bytes both(static_cast<std::size_t>(2 * 37 * 53 * channels));
        for (std::uint8_t& byte : both) byte = random() % 3 == 0 ? 255 : random() % 256;
        const auto half = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
        const ImageView size{{}, 37, 53, channels};
        Bytes wanted;
        for (const Bytes& one : {Bytes(both.begin(), half), Bytes(half, both.end())}) {
          const Bytes resized = resample({one, 37, 53, channels}, height, width, filter);
          wanted.insert(wanted.end(), resized.begin(), resized.end());
        }
        EXPECT_EQ(two_passes(both, 2, size, height, width, filter), wanted)
            << height << " x " << width << " x " << channels;
      }
    }
  }
}

}  // namespace
}  // namespace litebench::kernels
