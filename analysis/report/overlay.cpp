#include "analysis/report/overlay.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace litebench::analysis::report {
namespace {

std::string rectangle(double x, double y, double width, double height) {
  return fmt::format("M{:g} {:g}h{:g}v{:g}h{:g}z", x, y, width, height, -width);
}

/// Runs of equal class down each column; equal neighbours of a column to its left are not joined: paths stay short
/// enough, and every browser fills them without seams.
std::array<std::string, 4> columns(const std::vector<std::uint8_t>& classes, std::int64_t height,
                                   std::int64_t width) {
  std::array<std::string, 4> paths;
  for (std::int64_t x = 0; x < width; ++x) {
    const auto at = [&](std::int64_t y) {
      return classes[static_cast<std::size_t>(y * width + x)];
    };
    for (std::int64_t y = 0; y < height;) {
      const std::uint8_t what = at(y);
      std::int64_t end = y + 1;
      while (end < height && at(end) == what) ++end;
      if (what > 0) paths[what] += fmt::format("M{} {}h1v{}h-1z", x, y, end - y);
      y = end;
    }
  }
  return paths;
}

}  // namespace

Agreement agreement(const kernels::Rle& predicted, const kernels::Rle& target) {
  const std::vector<std::uint8_t> p = kernels::rle_decode(predicted),
                                  t = kernels::rle_decode(target);
  std::vector<std::uint8_t> classes(p.size());
  for (std::size_t i = 0; i < p.size(); ++i)
    classes[i] = static_cast<std::uint8_t>(p[i] + 2 * t[i]);  // 1 wrong, 2 missed, 3 hit
  std::array<std::string, 4> paths = columns(classes, predicted.height, predicted.width);
  return {std::move(paths[3]), std::move(paths[2]), std::move(paths[1])};
}

std::string mask_path(const kernels::Rle& mask) {
  return columns(kernels::rle_decode(mask), mask.height, mask.width)[1];
}

Patches patches(std::span<const std::int16_t> kept, std::int64_t height, std::int64_t width) {
  std::array<bool, kGrid * kGrid> alive{};
  for (const std::int16_t index : kept) {
    if (index >= 0 && index < kGrid * kGrid) alive[static_cast<std::size_t>(index)] = true;
  }
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  const double side = std::min(h, w), cell = side / kGrid;
  const double left = (w - side) / 2, top = (h - side) / 2;
  Patches out;
  for (int row = 0; row < kGrid; ++row) {
    for (int column = 0; column < kGrid;) {
      const auto gone = [&](int c) {
        return c < kGrid && !alive[static_cast<std::size_t>(row * kGrid + c)];
      };
      int end = column;
      while (gone(end)) ++end;
      if (end > column)
        out.dropped +=
            rectangle(left + column * cell, top + row * cell, (end - column) * cell, cell);
      column = std::max(end, column + 1);
    }
  }
  if (left > 0)
    out.unseen = rectangle(0, 0, left, h) + rectangle(left + side, 0, w - left - side, h);
  if (top > 0) out.unseen = rectangle(0, 0, w, top) + rectangle(0, top + side, w, h - top - side);
  return out;
}

}  // namespace litebench::analysis::report
