// Expected pictures: Pillow 9.4.0 (tests/golden/tiny/README.md).
#include "kernels/resample/resample.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace litebench::kernels {
namespace {

using test::expected_json;
using test::Tensors;

std::vector<std::uint8_t> channel(const std::vector<std::uint8_t>& rgb, std::size_t which) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = which; i < rgb.size(); i += 3) out.push_back(rgb[i]);
  return out;
}

std::vector<std::uint8_t> cut(const std::vector<std::uint8_t>& rgb, std::int64_t width,
                              Window window) {
  std::vector<std::uint8_t> out;
  for (std::int64_t y = window.top; y < window.top + window.height; ++y) {
    const auto row = rgb.begin() + (y * width + window.left) * 3;
    out.insert(out.end(), row, row + window.width * 3);
  }
  return out;
}

TEST(Resample, EqualsPillowByteForByteInEveryRecordedCase) {
  const auto document = expected_json("resample.json");
  const Tensors tensors("resample.safetensors");
  int cases = 0;
  document.root().each([&](json::Value entry) {
    const std::string name(entry.at("name").as_string());
    if (!name.starts_with("pil.")) return;
    SCOPED_TRACE(name);
    const auto in = test::int_list(entry.at("in_hw")), out = test::int_list(entry.at("out_hw"));
    const auto pixels = tensors.get<std::uint8_t>(entry.at("input").as_string());
    const auto wanted = tensors.get<std::uint8_t>(name + ".out");
    const Filter filter =
        entry.at("filter").as_string() == "bicubic" ? Filter::bicubic : Filter::bilinear;
    const ImageView image{pixels, in[0], in[1], 3};
    EXPECT_EQ(resample(image, out[0], out[1], filter), wanted);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto grey = channel(pixels, c);
      EXPECT_EQ(resample({grey, in[0], in[1], 1}, out[0], out[1], filter), channel(wanted, c));
    }
    ++cases;
  });
  EXPECT_EQ(cases, 26);
}

TEST(Resample, AWindowIsThatPartOfTheWholePicture) {
  const Tensors tensors("resample.safetensors");
  const auto pixels = tensors.get<std::uint8_t>("pil.00.in");
  const ImageView image{pixels, 17, 23, 3};
  for (const auto& [height, width] : {std::pair{40, 51}, {9, 51}, {17, 30}, {40, 23}, {17, 23}}) {
    const auto whole = resample(image, height, width, Filter::bicubic);
    for (const Window window :
         {Window{0, 0, 1, 1}, Window{3, 5, 4, 11}, Window{height - 5, width - 7, 5, 7}}) {
      EXPECT_EQ(resample(image, height, width, Filter::bicubic, window), cut(whole, width, window))
          << height << " x " << width << " at " << window.top;
    }
  }
}

TEST(Resample, AConstantPictureStaysConstantAndExtremesAreClipped) {
  const std::vector<std::uint8_t> flat(7 * 5 * 3, 201);
  for (const std::uint8_t value : resample({flat, 7, 5, 3}, 31, 3, Filter::bicubic))
    EXPECT_EQ(value, 201);
  std::vector<std::uint8_t> edge(8 * 8, 0);  // bicubic overshoots on both sides of a step
  for (std::size_t i = 0; i < edge.size(); ++i) edge[i] = i % 8 < 4 ? 0 : 255;
  const auto wide = resample({edge, 8, 8, 1}, 8, 64, Filter::bicubic);
  for (std::size_t x = 0; x < 64; ++x)
    EXPECT_TRUE(x < 40 ? wide[x] < 255 || x > 31 : wide[x] > 200) << x;
}

}  // namespace
}  // namespace litebench::kernels
