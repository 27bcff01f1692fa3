#include "kernels/resample/resample.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/clones.hpp"
#include "kernels/resample/taps.hpp"

namespace litebench::kernels {
namespace {

using Bytes8 = std::uint8_t __attribute__((vector_size(8)));
using Bytes32 = std::uint8_t __attribute__((vector_size(32)));
using Ints8 = std::int32_t __attribute__((vector_size(32)));

// Two rows at a time: a pixel of both is one vector {r g b 0 r g b 0}, so that a tap is one
// multiply whatever the stride of the taps.
template <int Channels>
inline void spread_rows(const std::uint8_t* upper, const std::uint8_t* lower, std::int64_t width,
                        std::int32_t* out) {
  for (std::int64_t x = 0; x < width; ++x) {
    for (int c = 0; c < Channels; ++c) {
      out[x * 8 + c] = upper[x * Channels + c];
      out[x * 8 + 4 + c] = lower[x * Channels + c];
    }
  }
}

// One pixel of both rows as 2 × 4 bytes.
__attribute__((always_inline)) inline std::uint64_t pixel_pair(const std::int32_t* from,
                                                               const std::int32_t* weight,
                                                               std::int32_t count) {
  Ints8 sum = Ints8{} + kHalf;
  for (std::int32_t j = 0; j < count; ++j) {
    Ints8 pixel;
    std::memcpy(&pixel, from + j * 8, sizeof pixel);
    sum += pixel * weight[j];
  }
  sum >>= kPrecision;
  sum = sum < 0 ? Ints8{} : sum;
  sum = sum > 255 ? Ints8{} + 255 : sum;
  const auto bytes = reinterpret_cast<Bytes32>(sum);
  const Bytes8 packed = __builtin_shufflevector(bytes, bytes, 0, 4, 8, 12, 16, 20, 24, 28);
  std::uint64_t both;
  std::memcpy(&both, &packed, sizeof both);
  return both;
}

template <int Channels>
__attribute__((always_inline)) inline void resample_pixels(const std::int32_t* spread,
                                                           const Taps& taps, std::int64_t width,
                                                           std::uint8_t* upper,
                                                           std::uint8_t* lower) {
  const std::int32_t *first = taps.first.data(), *count = taps.count.data(),
                     *weight = taps.weights.data();
  // Four bytes are stored for a pixel of three, the next pixel overwrites the surplus; only the
  // last has no next.
  constexpr int kStored = Channels == 3 ? 4 : 1;
  for (std::int64_t x = 0; x < width; ++x, weight += taps.stride) {
    const std::uint64_t both = pixel_pair(spread + std::int64_t{first[x]} * 8, weight, count[x]);
    const auto low = static_cast<std::uint32_t>(both),
               high = static_cast<std::uint32_t>(both >> 32);
    if (x + 1 < width) {
      std::memcpy(upper + x * Channels, &low, kStored);
      std::memcpy(lower + x * Channels, &high, kStored);
    } else {
      std::memcpy(upper + x * Channels, &low, Channels);
      std::memcpy(lower + x * Channels, &high, Channels);
    }
  }
}

LITEBENCH_WIDE void resample_colour(const std::int32_t* spread, const Taps& taps,
                                    std::int64_t width, std::uint8_t* upper, std::uint8_t* lower) {
  resample_pixels<3>(spread, taps, width, upper, lower);
}

LITEBENCH_WIDE void resample_grey(const std::int32_t* spread, const Taps& taps, std::int64_t width,
                                  std::uint8_t* upper, std::uint8_t* lower) {
  resample_pixels<1>(spread, taps, width, upper, lower);
}

constexpr std::int64_t kChunk = 64;

LITEBENCH_WIDE void resample_column(const std::uint8_t* top, std::int64_t pitch,
                                    const std::int32_t* weight, std::int32_t count,
                                    std::int64_t bytes, std::uint8_t* out) {
  std::int64_t i = 0;
  for (; i + kChunk <= bytes; i += kChunk) {
    std::int32_t sum[kChunk];
    std::fill(sum, sum + kChunk, kHalf);
    for (std::int32_t j = 0; j < count; ++j) {
      const std::uint8_t* from = top + i + j * pitch;
      const std::int32_t w = weight[j];
      for (std::int64_t k = 0; k < kChunk; ++k) sum[k] += from[k] * w;
    }
    for (std::int64_t k = 0; k < kChunk; ++k) out[i + k] = grey_of(sum[k]);
  }
  for (; i < bytes; ++i) {
    std::int32_t sum = kHalf;
    for (std::int32_t j = 0; j < count; ++j) sum += top[i + j * pitch] * weight[j];
    out[i] = grey_of(sum);
  }
}

struct Picture {
  std::vector<std::uint8_t> pixels;
  std::int64_t first_row = 0;  // of the source picture
};

/// Columns [left, left + columns) of the horizontally resized picture, for the source rows [begin,
/// end) only.
Picture horizontal(const ImageView& image, std::int64_t width, Filter filter, std::int64_t left,
                   std::int64_t columns, std::int64_t begin, std::int64_t end) {
  const std::int64_t channels = image.channels, pitch = image.width * channels,
                     out_pitch = columns * channels;
  Picture out{std::vector<std::uint8_t>((end - begin) * out_pitch), begin};
  const std::uint8_t* source = image.pixels.data();
  if (width == image.width) {
    for (std::int64_t y = begin; y < end; ++y) {
      std::memcpy(out.pixels.data() + (y - begin) * out_pitch, source + y * pitch + left * channels,
                  out_pitch);
    }
    return out;
  }
  const Taps taps = make_taps(image.width, width, filter, left, columns);
  std::vector<std::int32_t> spread(image.width * 8);
  for (std::int64_t y = begin; y < end; y += 2) {
    const std::int64_t below = std::min(y + 1, end - 1);  // an odd last row is its own partner
    std::uint8_t* upper = out.pixels.data() + (y - begin) * out_pitch;
    std::uint8_t* lower = out.pixels.data() + (below - begin) * out_pitch;
    if (channels == 3) {
      spread_rows<3>(source + y * pitch, source + below * pitch, image.width, spread.data());
      resample_colour(spread.data(), taps, columns, upper, lower);
    } else {
      spread_rows<1>(source + y * pitch, source + below * pitch, image.width, spread.data());
      resample_grey(spread.data(), taps, columns, upper, lower);
    }
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> resample(const ImageView& image, std::int64_t height, std::int64_t width,
                                   Filter filter, Window window) {
  if (window.width == 0) window = {0, 0, height, width};
  assert(image.channels == 1 || image.channels == 3);
  assert(image.pixels.size() ==
         static_cast<std::size_t>(image.height * image.width * image.channels));
  assert(window.top >= 0 && window.left >= 0 && window.top + window.height <= height &&
         window.left + window.width <= width);
  if (height == image.height) {
    return horizontal(image, width, filter, window.left, window.width, window.top,
                      window.top + window.height)
        .pixels;
  }
  const Taps taps = make_taps(image.height, height, filter, window.top, window.height);
  const std::int64_t last = window.height - 1;
  const Picture middle = horizontal(image, width, filter, window.left, window.width, taps.first[0],
                                    taps.first[last] + taps.count[last]);
  const std::int64_t pitch = window.width * image.channels;
  std::vector<std::uint8_t> out(window.height * pitch);
  for (std::int64_t y = 0; y < window.height; ++y) {
    resample_column(middle.pixels.data() + (taps.first[y] - middle.first_row) * pitch, pitch,
                    taps.at(y), taps.count[y], pitch, out.data() + y * pitch);
  }
  return out;
}

}  // namespace litebench::kernels
