#pragma once
// COCO run-length masks: column-major runs, background first, as pycocotools makes and reads them
// (upstream.md §7.5).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::kernels {

/// Runs of a height × width mask. Invariant: the counts add up to height · width; every maker below
/// keeps it.
struct Rle {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint32_t> counts;  ///< background, foreground, background, …; the first may be 0
  bool operator==(const Rle&) const = default;
};

/// Largest mask that is accepted, in pixels.
inline constexpr std::int64_t kRleMaxPixels = std::int64_t{1} << 30;

/// Sizes are positive and the mask is not larger than kRleMaxPixels.
bool rle_size_ok(std::int64_t height, std::int64_t width);

/// Nothing ("RLE out of range") when sizes or a count are out of range, or the counts do not add up
/// to height · width.
std::optional<Rle> rle_from_counts(std::span<const std::int64_t> counts, std::int64_t height,
                                   std::int64_t width);

/// COCO's compressed string: 5 bits per character, from the fourth count on the difference to the
/// count two before. Nothing as above, and for a string with a foreign character or an incomplete
/// last count.
std::optional<Rle> rle_from_string(std::string_view text, std::int64_t height, std::int64_t width);
std::string rle_to_string(const Rle& rle);

/// Rasterises x0, y0, x1, y1, … bit-equal to pycocotools; an odd trailing number is dropped.
/// Nothing when the size is out of range, the polygon has no vertex, a coordinate is not finite or
/// beyond ±2^20, or its outline is absurdly long (2^24 fifths of a pixel).
std::optional<Rle> rle_from_polygon(std::span<const double> xy, std::int64_t height,
                                    std::int64_t width);

/// From a row-major mask, foreground = nonzero.
Rle rle_encode(const std::uint8_t* mask, std::int64_t height, std::int64_t width);

/// Row-major height × width of 0 and 1.
std::vector<std::uint8_t> rle_decode(const Rle& rle);
/// Adds 1 to the foreground pixels of a row-major mask (modulo 256, as the reference's cast to
/// uint8 does).
void rle_add_to(const Rle& rle, std::uint8_t* mask);

std::int64_t rle_area(const Rle& rle);
/// x, y, width, height of the foreground; zeros when there is none.
std::array<std::int64_t, 4> rle_box(const Rle& rle);
/// Both of the same size.
Rle rle_union(const Rle& a, const Rle& b);

}  // namespace litebench::kernels
