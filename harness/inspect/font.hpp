#pragma once
// Letters of 5 × 7 pixels: enough for labels on a picture, and no font file to look for.

#include <array>
#include <cstdint>

namespace litebench::inspect {

inline constexpr std::int64_t kGlyphWidth = 5, kGlyphHeight = 7;
using Glyph = std::array<std::uint8_t, kGlyphHeight>;  ///< rows; the leftmost pixel is bit 4

/// Letters whose last row lies below the line.
bool descends(char c);

/// ASCII; a question mark for everything else.
const Glyph& glyph_of(char c);

}  // namespace litebench::inspect
