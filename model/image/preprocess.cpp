#include "model/image/preprocess.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include <fmt/core.h>

#include "base/error.hpp"
#include "kernels/resample/resample.hpp"

namespace litebench::model {
namespace {

/// A grey level has 256 values, so normalisation is a table per channel, computed in the
/// reference's order of roundings.
using Levels = std::array<std::array<float, 256>, 3>;

const Levels& clip_levels() {
  static const Levels levels = [] {
    constexpr float mean[3] = {0.48145466F, 0.4578275F, 0.40821073F};
    constexpr float deviation[3] = {0.26862954F, 0.26130258F, 0.27577711F};
    Levels made{};
    for (int c = 0; c < 3; ++c) {
      for (int v = 0; v < 256; ++v)
        made[c][v] = (static_cast<float>(v * (1.0 / 255.0)) - mean[c]) / deviation[c];
    }
    return made;
  }();
  return levels;
}

const Levels& sam_levels() {
  static const Levels levels = [] {
    constexpr float mean[3] = {123.675F, 116.28F, 103.53F};
    constexpr float deviation[3] = {58.395F, 57.12F, 57.375F};
    Levels made{};
    for (int c = 0; c < 3; ++c) {
      for (int v = 0; v < 256; ++v) made[c][v] = (static_cast<float>(v) - mean[c]) / deviation[c];
    }
    return made;
  }();
  return levels;
}

/// height × width × 3 bytes into the upper left of planes [3, size, size].
void normalise(const std::uint8_t* rgb, ImageSize picture, const Levels& levels, std::int64_t size,
               float* out) {
  for (int c = 0; c < 3; ++c) {
    for (std::int64_t y = 0; y < picture.height; ++y) {
      const std::uint8_t* row = rgb + y * picture.width * 3 + c;
      float* to = out + (c * size + y) * size;
      for (std::int64_t x = 0; x < picture.width; ++x) to[x] = levels[c][row[x * 3]];
    }
  }
}

kernels::ImageView view(const Decoded& image) { return {image.rgb, image.height, image.width, 3}; }

}  // namespace

ImageSize clip_resized_size(ImageSize image, std::int64_t size) {
  if (image.width <= image.height) return {size * image.height / image.width, size};
  return {size, size * image.width / image.height};
}

ImageSize sam_resized_size(ImageSize image, std::int64_t size) {
  const double scale =
      static_cast<double>(size) / static_cast<double>(std::max(image.height, image.width));
  const auto edge = [scale](std::int64_t length) {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(length) * scale + 0.5));
  };
  return {edge(image.height), edge(image.width)};
}

std::vector<std::uint8_t> clip_crop(const Decoded& image, std::int64_t size) {
  const auto [height, width] = clip_resized_size({image.height, image.width}, size);
  const kernels::Window crop{(height - size) / 2, (width - size) / 2, size, size};
  return kernels::resample(view(image), height, width, kernels::Filter::bicubic, crop);
}

Decoded sam_resize(const Decoded& image, std::int64_t size) {
  const auto [height, width] = sam_resized_size({image.height, image.width}, size);
  if (height == 0 || width == 0) {
    throw Error(ExitCode::data,
                fmt::format("a picture of {} x {} pixels is too thin", image.width, image.height),
                fmt::format("its shorter edge vanishes when the longer one becomes {}", size),
                "Leave it out of the data set.");
  }
  return {height, width, kernels::resample(view(image), height, width, kernels::Filter::bilinear)};
}

std::vector<float> clip_pixels(const Decoded& image, std::int64_t size) {
  const std::vector<std::uint8_t> crop = clip_crop(image, size);
  std::vector<float> out(3 * size * size);
  normalise(crop.data(), {size, size}, clip_levels(), size, out.data());
  return out;
}

SamPixels sam_pixels(const Decoded& image, std::int64_t size) {
  const Decoded resized = sam_resize(image, size);
  SamPixels out{std::vector<float>(3 * size * size), {resized.height, resized.width}};
  normalise(resized.rgb.data(), out.resized, sam_levels(), size, out.values.data());
  return out;
}

}  // namespace litebench::model
