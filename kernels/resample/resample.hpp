#pragma once
// Pillow's 8-bit antialiased resize, bit for bit (upstream.md §2.4). SAM and CLIP were fed by it,
// and one grey level of difference moves pixels of a mask.

#include <cstdint>
#include <span>
#include <vector>

namespace litebench::kernels {

enum class Filter : std::uint8_t { bilinear, bicubic };

/// A picture somebody else owns: rows × columns × channels, uint8, interleaved, without padding.
/// channels: 1 or 3.
struct ImageView {
  std::span<const std::uint8_t> pixels;
  std::int64_t height = 0, width = 0, channels = 3;
};

/// A rectangle of the resized picture; width 0 means all of it.
struct Window {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// The `window` of `image` resized to height × width. Horizontal pass, then vertical, uint8 in
/// between; a pass whose dimension stays is skipped. Only the pixels the window needs are computed.
/// All sizes ≥ 1 and below 2^31.
std::vector<std::uint8_t> resample(const ImageView& image, std::int64_t height, std::int64_t width,
                                   Filter filter, Window window = {});

}  // namespace litebench::kernels
