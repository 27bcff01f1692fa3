#pragma once
// The small pictures that a sheet is made of, all of one size: the picture under something.

#include <cstdint>
#include <span>
#include <vector>

#include "harness/inspect/sheet.hpp"

namespace litebench::inspect {

/// The picture at panel size, and which patch of the vision tower each pixel lies in.
class Frame {
 public:
  explicit Frame(const Sheet& sheet);

  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] std::int64_t height() const { return height_; }
  [[nodiscard]] Colour at(std::int64_t x, std::int64_t y) const;
  /// −1 outside of the square that the tower looks at.
  [[nodiscard]] std::int64_t patch_at(std::int64_t x, std::int64_t y) const;
  /// Index of the mask pixel there.
  [[nodiscard]] std::size_t mask_at(std::int64_t x, std::int64_t y) const;

 private:
  const Sheet& sheet_;
  std::int64_t width_ = 0, height_ = 0;
  std::vector<std::uint8_t> rgb_;
};

/// Kept patches as they are and framed, merged ones tinted by token, dropped ones grey and dark.
void draw_tokens(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                 const Column& column);
/// Scores from their least to their greatest as colours over the grey picture.
void draw_scores(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                 std::span<const float> scores);
/// Both: green; predicted only: red; true only: blue. A null `predicted` shows the target alone.
void draw_masks(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                const std::vector<std::uint8_t>& target,
                const std::vector<std::uint8_t>* predicted);
void draw_picture(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame);

inline constexpr Colour kHit{60, 200, 80}, kWrong{235, 60, 50}, kMissed{60, 120, 255};

}  // namespace litebench::inspect
