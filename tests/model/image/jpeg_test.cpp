// Expected pixels: OpenCV 4.8's imread (tests/golden/tiny/README.md).
#include "model/image/jpeg.hpp"

#include <set>

#include <gtest/gtest.h>

#include "model/image/exif/exif.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/sha256.hpp"

namespace litebench::model {
namespace {

using test::file_bytes;
using test::image_file;
using test::refusal_of;
using test::Sha256;

constexpr std::string_view kSmall = "COCO_train2014_000000000007.jpg",
                           kTurned = "COCO_train2014_000001048583.jpg";

TEST(Jpeg, EveryImageOfTheReferenceDataDecodesToTheReferencesBytes) {
  const auto document = test::expected_json("eval.json");
  std::set<std::string> seen;
  document.root().each_member([&](std::string_view, json::Value split) {
    split.at("samples").each([&](json::Value sample) {
      const std::string name(sample.at("file_name").as_string());
      if (!seen.insert(name).second) return;
      const Decoded image = decode_jpeg_file(image_file(name));
      EXPECT_EQ((std::vector{image.height, image.width}), test::int_list(sample.at("decoded_hw")))
          << name;
      EXPECT_EQ(Sha256::hex_of(image.rgb), sample.at("decoded_sha256").as_string()) << name;
    });
  });
  EXPECT_EQ(seen.size(), 11U);  // baseline, progressive, grey, 4:4:4, 4:2:2, 4:2:0, EXIF 3 and 6
}

TEST(Jpeg, FourComponentsGiveTheColoursOpenCvMakesOfThem) {
  const Decoded image = decode_jpeg_file("tests/golden/images/cmyk.jpg");  // digest: OpenCV
  EXPECT_EQ((std::vector{image.height, image.width}), (std::vector<std::int64_t>{13, 19}));
  EXPECT_EQ(Sha256::hex_of(image.rgb),
            "c6d2e0b5bb588131689951520d6d42cadd57cf91a93f70f02e688b22f0a19a61");
}

/// `image` as the file with orientation `value` would be shown, straight from the EXIF standard's
/// wording.
Decoded shown(const Decoded& image, int value) {
  Decoded out{value >= 5 ? image.width : image.height, value >= 5 ? image.height : image.width, {}};
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < out.width; ++x) {
      // Row 0 of the stored picture is shown at the top (1, 2), bottom (3, 4), left (5, 8) or right
      // (6, 7).
      std::int64_t row = 0, column = 0;
      if (value <= 2) row = y, column = value == 1 ? x : image.width - 1 - x;
      if (value == 3 || value == 4)
        row = image.height - 1 - y, column = value == 4 ? x : image.width - 1 - x;
      if (value == 5 || value == 8) row = x, column = value == 5 ? y : image.width - 1 - y;
      if (value == 6 || value == 7)
        row = image.height - 1 - x, column = value == 6 ? y : image.width - 1 - y;
      const auto from = image.rgb.begin() + (row * image.width + column) * 3;
      out.rgb.insert(out.rgb.end(), from, from + 3);
    }
  }
  return out;
}

TEST(Jpeg, AppliesEachOfTheEightOrientationsOrNone) {
  auto bytes = file_bytes(image_file(kTurned));
  const Decoded stored = decode_jpeg(bytes, "t", ExifRotation::ignore);
  EXPECT_EQ(stored.width, 400);
  std::size_t at = 0;  // of the orientation's low byte
  for (std::size_t i = 2; i < 200 && at == 0; ++i) {
    auto changed = bytes;
    changed[i] = std::byte{3};
    if (bytes[i] == std::byte{6} && exif_orientation(changed) == 3) at = i;
  }
  ASSERT_NE(at, 0U);
  for (int value = 1; value <= 8; ++value) {
    bytes[at] = static_cast<std::byte>(value);
    const Decoded image = decode_jpeg(bytes, "t"), wanted = shown(stored, value);
    EXPECT_EQ(image.height, wanted.height) << value;
    EXPECT_TRUE(image.rgb == wanted.rgb) << value;
    EXPECT_TRUE(decode_jpeg(bytes, "t", ExifRotation::ignore).rgb == stored.rgb);
  }
}

void expect_refused(std::span<const std::byte> bytes, std::string_view reason) {
  const auto refusal = refusal_of([&] { decode_jpeg(bytes, "picture.jpg"); });
  EXPECT_EQ(refusal.code, ExitCode::data);
  EXPECT_TRUE(refusal.text.starts_with("picture.jpg: no usable JPEG")) << refusal.text;
  EXPECT_NE(refusal.text.find(reason), std::string::npos) << refusal.text;
}

TEST(Jpeg, RefusesFilesThatAreNoJpeg) {
  expect_refused({}, "");
  const std::string text = "<html>404 Not Found</html>", png = "\x89PNG\r\n\x1a\n";
  expect_refused(std::as_bytes(std::span(text)), "Not a JPEG file");
  expect_refused(std::as_bytes(std::span(png)), "Not a JPEG file");
}

TEST(Jpeg, RefusesAFileThatWasCutShortWhereverItWasCut) {
  for (const std::string_view name :
       {kSmall, std::string_view("COCO_train2014_000000098304.jpg")}) {
    const auto bytes = file_bytes(image_file(name));
    for (const double part : {0.02, 0.3, 0.5, 0.9, 0.99}) {
      expect_refused(std::span(bytes).first(
                         static_cast<std::size_t>(part * static_cast<double>(bytes.size()))),
                     "");
    }
    expect_refused(std::span(bytes).first(bytes.size() / 2), "remature end");
  }
}

TEST(Jpeg, RefusesDamagedData) {
  auto bytes = file_bytes(image_file(kSmall));
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) bytes[i] = std::byte{0xFF};
  expect_refused(bytes, "");
}

TEST(Jpeg, RefusesAClaimOfTooManyPixelsBeforeItReservesThem) {
  auto bytes = file_bytes(image_file(kSmall));
  const auto refusal = refusal_of([&] { decode_jpeg(bytes, "p", ExifRotation::apply, 29'999); });
  EXPECT_NE(refusal.text.find("it claims 200 x 150 pixels, more than 29999"), std::string::npos)
      << refusal.text;
  EXPECT_EQ(decode_jpeg(bytes, "p", ExifRotation::apply, 30'000).rgb.size(), 90'000U);
  for (std::size_t i = 2; i + 9 < bytes.size(); ++i) {  // the frame header's own height and width
    if (bytes[i] != std::byte{0xFF} || bytes[i + 1] != std::byte{0xC0}) continue;
    for (std::size_t k = 5; k < 9; ++k) bytes[i + k] = std::byte{0xFF};
    break;
  }
  const auto claimed = refusal_of([&] { decode_jpeg(bytes, "p"); });
  EXPECT_EQ(claimed.code, ExitCode::data);
  EXPECT_TRUE(claimed.text.find("65535 x 65535") != std::string::npos ||
              claimed.text.find("aximum supported image dimension") != std::string::npos)
      << claimed.text;
}

TEST(Jpeg, AMissingFileIsAnInputError) {
  EXPECT_EQ(refusal_of([] { decode_jpeg_file("tests/golden/tiny/nowhere.jpg"); }).code,
            ExitCode::io);
}

}  // namespace
}  // namespace litebench::model
