#pragma once
// A picture to draw on: rectangles, text, pictures. Everything clips at the border.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::inspect {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Colour&) const = default;
};

/// `part` of `over`, the rest of `under`; part is 0 to 1.
Colour mix(Colour under, Colour over, double part);
Colour grey_of(Colour colour);

/// Dark blue over green to yellow for 0 to 1: rises in brightness, so that it reads in print too.
Colour heat(double value);
/// Well separated hues for neighbours i and i + 1.
Colour hue(std::size_t index);

struct Box {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
};

class Canvas {
 public:
  Canvas(std::int64_t width, std::int64_t height, Colour background);

  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] std::int64_t height() const { return height_; }
  [[nodiscard]] Colour at(std::int64_t x, std::int64_t y) const;
  void set(std::int64_t x, std::int64_t y, Colour colour);
  void fill(const Box& box, Colour colour);
  /// One pixel wide, inside the box.
  void frame(const Box& box, Colour colour);
  /// Its upper left corner; `scale` pixels for one of a letter.
  void text(std::int64_t x, std::int64_t y, std::string_view words, Colour colour,
            std::int64_t scale = 2);

  [[nodiscard]] const std::vector<std::uint8_t>& rgb() const {
    return rgb_;
  }  ///< height × width × 3

 private:
  std::int64_t width_, height_;
  std::vector<std::uint8_t> rgb_;
};

std::int64_t text_width(std::string_view words, std::int64_t scale = 2);
std::int64_t text_height(std::int64_t scale = 2);
/// UTF-8 in letters that glyph_of() has: one question mark per other letter.
std::string plain(std::string_view utf8);
/// As much of it as `width` pixels hold; two dots stand for the rest.
std::string shortened(std::string_view words, std::int64_t width, std::int64_t scale = 2);

/// Throws Error{io} when it cannot be written. An existing file is replaced.
void write_png(const std::string& path, const Canvas& canvas);

}  // namespace litebench::inspect
