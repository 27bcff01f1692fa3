#include "harness/inspect/canvas.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "harness/inspect/font.hpp"

namespace litebench::inspect {
namespace {

constexpr Colour kWhite{255, 255, 255}, kRed{200, 0, 0};

std::int64_t count(const Canvas& canvas, Colour colour) {
  std::int64_t found = 0;
  for (std::int64_t y = 0; y < canvas.height(); ++y) {
    for (std::int64_t x = 0; x < canvas.width(); ++x) found += canvas.at(x, y) == colour ? 1 : 0;
  }
  return found;
}

TEST(Canvas, DrawsOnlyWhatLiesInside) {
  Canvas canvas(10, 8, kWhite);
  canvas.fill({-5, -5, 7, 7}, kRed);
  EXPECT_EQ(count(canvas, kRed), 4);
  canvas.fill({8, 6, 100, 100}, kRed);
  EXPECT_EQ(count(canvas, kRed), 8);
  canvas.text(-3, -3, "far too long for the canvas", kRed);
  EXPECT_EQ(canvas.at(1, 7), kWhite);
}

TEST(Canvas, LettersHaveTheSizeThatIsReckonedWith) {
  Canvas canvas(text_width("H", 1), text_height(1), kWhite);
  canvas.text(0, 0, "H", kRed, 1);
  EXPECT_EQ(count(canvas, kRed), 7 + 7 + 3);  // two stems and the bar between
  Canvas large(text_width("H", 3), text_height(3), kWhite);
  large.text(0, 0, "H", kRed, 3);
  EXPECT_EQ(count(large, kRed), 9 * 17);
}

TEST(Canvas, EveryLetterDiffersFromEveryOther) {
  for (char a = ' '; a < '\x7F'; ++a) {
    for (char b = ' '; b < a; ++b) EXPECT_NE(glyph_of(a), glyph_of(b)) << a << ' ' << b;
  }
  EXPECT_EQ(glyph_of('\n'), glyph_of('?'));
}

TEST(Canvas, WordsAreMadePlainAndFitTheirRoom) {
  EXPECT_EQ(plain("caf\xC3\xA9 \xE4\xB8\x80\n"), "caf? ? ");
  EXPECT_EQ(shortened("left zebra", text_width("left zebra")), "left zebra");
  EXPECT_EQ(shortened("left zebra", text_width("left z")), "left..");
}

TEST(Canvas, HeatRisesInBrightness) {
  int before = -1;
  for (int i = 0; i <= 20; ++i) {
    const Colour grey = grey_of(heat(i / 20.0));
    EXPECT_GT(grey.r, before);
    before = grey.r;
  }
}

TEST(Canvas, NeighbouringHuesAreFarApart) {
  for (std::size_t i = 0; i < 20; ++i) {
    const Colour a = hue(i), b = hue(i + 1);
    const int apart = std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b);
    EXPECT_GT(apart, 200) << i;
  }
}

TEST(Canvas, APictureThatCannotBeWrittenNamesItsPath) {
  try {
    write_png("/proc/none/x.png", Canvas(2, 2, kWhite));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::io);
    EXPECT_NE(std::string(error.what()).find("/proc/none/x.png"), std::string::npos);
  }
}

}  // namespace
}  // namespace litebench::inspect
