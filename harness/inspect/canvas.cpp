#include "harness/inspect/canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/inspect/font.hpp"

namespace litebench::inspect {
namespace {

std::uint8_t byte_of(double value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

std::uint8_t mixed(std::uint8_t under, std::uint8_t over, double part) {
  return byte_of(under + part * (static_cast<double>(over) - under));
}

}  // namespace

Colour mix(Colour under, Colour over, double part) {
  return {mixed(under.r, over.r, part), mixed(under.g, over.g, part), mixed(under.b, over.b, part)};
}

Colour grey_of(Colour colour) {
  const std::uint8_t level = byte_of(0.299 * colour.r + 0.587 * colour.g + 0.114 * colour.b);
  return {level, level, level};
}

Colour heat(double value) {
  constexpr std::array<Colour, 5> kStops{
      {{36, 22, 92}, {44, 88, 150}, {38, 150, 134}, {128, 200, 74}, {252, 232, 60}}};
  const double at = std::clamp(value, 0.0, 1.0) * (kStops.size() - 1);
  const auto low = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  return mix(kStops[low], kStops[low + 1], at - static_cast<double>(low));
}

Colour hue(std::size_t index) {
  // Steps of the golden section never come close to an earlier hue soon.
  const double turn = std::fmod(0.58 + 0.61803398875 * static_cast<double>(index), 1.0) * 6;
  const auto wave = [&](double phase) {
    const double t = std::fmod(turn + phase, 6.0);
    return byte_of(255 * std::clamp(std::abs(t - 3) - 1, 0.0, 1.0));
  };
  return {wave(0), wave(4), wave(2)};
}

Canvas::Canvas(std::int64_t width, std::int64_t height, Colour background)
    : width_(width), height_(height), rgb_(static_cast<std::size_t>(width * height * 3)) {
  fill({0, 0, width, height}, background);
}

Colour Canvas::at(std::int64_t x, std::int64_t y) const {
  const auto i = static_cast<std::size_t>((y * width_ + x) * 3);
  return {rgb_[i], rgb_[i + 1], rgb_[i + 2]};
}

void Canvas::set(std::int64_t x, std::int64_t y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  const auto i = static_cast<std::size_t>((y * width_ + x) * 3);
  rgb_[i] = colour.r;
  rgb_[i + 1] = colour.g;
  rgb_[i + 2] = colour.b;
}

void Canvas::fill(const Box& box, Colour colour) {
  for (std::int64_t y = box.y; y < box.y + box.height; ++y) {
    for (std::int64_t x = box.x; x < box.x + box.width; ++x) set(x, y, colour);
  }
}

void Canvas::frame(const Box& box, Colour colour) {
  fill({box.x, box.y, box.width, 1}, colour);
  fill({box.x, box.y + box.height - 1, box.width, 1}, colour);
  fill({box.x, box.y, 1, box.height}, colour);
  fill({box.x + box.width - 1, box.y, 1, box.height}, colour);
}

void Canvas::text(std::int64_t x, std::int64_t y, std::string_view words, Colour colour,
                  std::int64_t scale) {
  for (const char c : words) {
    const Glyph& glyph = glyph_of(c);
    const std::int64_t top = y + (descends(c) ? scale : 0);
    for (std::int64_t row = 0; row < kGlyphHeight; ++row) {
      for (std::int64_t column = 0; column < kGlyphWidth; ++column) {
        const bool on =
            (glyph[static_cast<std::size_t>(row)] >> (kGlyphWidth - 1 - column) & 1) != 0;
        if (on) fill({x + column * scale, top + row * scale, scale, scale}, colour);
      }
    }
    x += (kGlyphWidth + 1) * scale;
  }
}

std::int64_t text_width(std::string_view words, std::int64_t scale) {
  return std::ssize(words) * (kGlyphWidth + 1) * scale;
}

std::int64_t text_height(std::int64_t scale) { return kGlyphHeight * scale; }

std::string plain(std::string_view utf8) {
  std::string out;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;  // the rest of a letter that has its mark already
    out += byte < 0x20 ? ' ' : byte < 0x7F ? c : '?';
  }
  return out;
}

std::string shortened(std::string_view words, std::int64_t width, std::int64_t scale) {
  const auto most =
      static_cast<std::size_t>(std::max<std::int64_t>(width / text_width("x", scale), 3));
  if (words.size() <= most) return std::string(words);
  return std::string(words.substr(0, most - 2)) + "..";
}

}  // namespace litebench::inspect
