#pragma once
// Masks and kept tokens as SVG paths in the pixels of the image.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/rle/rle.hpp"

namespace litebench::analysis::report {

/// One path per class, "" where a class has no pixel.
struct Agreement {
  std::string hit, missed, wrong;
};

/// Both of the same size.
Agreement agreement(const kernels::Rle& predicted, const kernels::Rle& target);
std::string mask_path(const kernels::Rle& mask);

/// CLIP sees the middle square, cut into 24 × 24 patches.
inline constexpr int kGrid = 24;
struct Patches {
  std::string dropped;  ///< cells of the square whose token is gone
  std::string unseen;   ///< the image beside the square
};
/// `kept`: patch indices, raster; others (−1, beyond the grid) are no patches.
Patches patches(std::span<const std::int16_t> kept, std::int64_t height, std::int64_t width);

}  // namespace litebench::analysis::report
