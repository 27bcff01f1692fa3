// Expected pixels: transformers' CLIPImageProcessor and SAM's ResizeLongestSide
// (tests/golden/tiny/README.md).
#include "model/image/preprocess.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "model/image/jpeg.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/sha256.hpp"

namespace litebench::model {
namespace {

using test::int_list;
using test::Sha256;
using test::Tensors;

constexpr std::int64_t kClipSize = 336, kSamSize = 512;

ImageSize size_of(const json::Value& pair) {
  const auto list = int_list(pair);
  return {list.at(0), list.at(1)};
}

void for_each_case(std::string_view prefix,
                   const std::function<void(const std::string&, json::Value)>& visit) {
  const auto document = test::expected_json("resample.json");
  int cases = 0;
  document.root().each([&](json::Value entry) {
    const std::string name(entry.at("name").as_string());
    if (!name.starts_with(prefix)) return;
    SCOPED_TRACE(name);
    visit(name, entry);
    ++cases;
  });
  EXPECT_GT(cases, 0);
}

TEST(Preprocess, SizesAreTheReferences) {
  for_each_case("preprocess_shape", [](const std::string&, json::Value entry) {
    entry.at("cases").each([](json::Value one) {
      EXPECT_EQ(sam_resized_size(size_of(one.at("hw")), one.at("length").as_int()),
                size_of(one.at("out")));
    });
  });
  for_each_case("clip_resize_shape", [](const std::string&, json::Value entry) {
    entry.at("cases").each([](json::Value one) {
      EXPECT_EQ(clip_resized_size(size_of(one.at("hw")), kClipSize), size_of(one.at("out")));
    });
  });
}

TEST(Preprocess, ClipCropsAndPixelsAreTheReferencesBitForBit) {
  const Tensors tensors("resample.safetensors");
  for_each_case("clip.", [&](const std::string& name, json::Value entry) {
    const auto size = size_of(entry.at("in_hw"));
    const Decoded image{size.height, size.width, tensors.get<std::uint8_t>(name + ".in")};
    EXPECT_EQ(Sha256::hex_of(clip_crop(image, kClipSize)), entry.at("crop_sha256").as_string());
    EXPECT_EQ(Sha256::hex_of(clip_pixels(image, kClipSize)),
              entry.at("pixel_values_sha256").as_string());
  });
}

TEST(Preprocess, SamPixelsAreTheReferencesAndPaddedWithZeroes) {
  const Tensors tensors("resample.safetensors");
  for_each_case("sam.", [&](const std::string& name, json::Value entry) {
    const auto size = size_of(entry.at("in_hw")), out = size_of(entry.at("out_hw"));
    const std::int64_t length = entry.at("target_length").as_int();
    const Decoded image{size.height, size.width, tensors.get<std::uint8_t>(name + ".in")};
    const Decoded resized = sam_resize(image, length);
    EXPECT_EQ((ImageSize{resized.height, resized.width}), out);
    EXPECT_EQ(resized.rgb, tensors.get<std::uint8_t>(name + ".out"));
    const SamPixels pixels = sam_pixels(image, length);
    EXPECT_EQ(pixels.resized, out);
    const auto wanted = tensors.get<float>(name + ".norm.s3");
    std::size_t at = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t y = 0; y < length; ++y) {
        for (std::int64_t x = 0; x < length; ++x) {
          const float value = pixels.values[(c * length + y) * length + x];
          if (y >= out.height || x >= out.width) {
            ASSERT_EQ(value, 0.0F);
          } else if (y % 3 == 0 && x % 3 == 0) {
            ASSERT_EQ(value, wanted.at(at++)) << c << ", " << y << ", " << x;
          }
        }
      }
    }
    EXPECT_EQ(at, wanted.size());
  });
}

std::vector<float> every_kth(const std::vector<float>& planes, std::int64_t size, std::int64_t k) {
  std::vector<float> out;
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t y = 0; y < size; y += k) {
      for (std::int64_t x = 0; x < size; x += k) out.push_back(planes[(c * size + y) * size + x]);
    }
  }
  return out;
}

TEST(Preprocess, FilesOfTheDataSetGiveTheReferencesInputsOfBothTowers) {
  const auto samples = test::expected_json("samples.json"), eval = test::expected_json("eval.json");
  int compared = 0;
  samples.root().at("samples").each([&](json::Value entry) {
    SCOPED_TRACE(entry.at("file").as_string());
    std::string file;
    std::int64_t at = 0;
    eval.root().at(entry.at("split").as_string()).at("samples").each([&](json::Value sample) {
      if (at++ == entry.at("index").as_int()) file = sample.at("file_name").as_string();
    });
    const Decoded image = decode_jpeg_file(test::image_file(file));
    EXPECT_EQ(Sha256::hex_of(clip_crop(image, kClipSize)),
              entry.at("clip_crop_sha256").as_string());
    const Decoded resized = sam_resize(image, kSamSize);
    EXPECT_EQ((ImageSize{resized.height, resized.width}), size_of(entry.at("sam_resized_hw")));
    EXPECT_EQ(Sha256::hex_of(resized.rgb), entry.at("sam_resized_sha256").as_string());
    const Tensors tensors(entry.at("file").as_string());
    const auto near = [&](const std::vector<float>& got, const std::vector<float>& wanted) {
      ASSERT_EQ(got.size(), wanted.size());
      for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-6F);
      ++compared;
    };
    if (tensors.has("clip.pixel_values.s8")) {
      near(every_kth(clip_pixels(image, kClipSize), kClipSize, 8),
           tensors.get<float>("clip.pixel_values.s8"));
      near(every_kth(sam_pixels(image, kSamSize).values, kSamSize, 16),
           tensors.get<float>("sam.pixel_values.s16"));
    }
  });
  EXPECT_GT(compared, 0);
}

TEST(Preprocess, ClipComputesOnlyTheCropOfAnExtremePanorama) {
  const Decoded line{1, 65'500,
                     std::vector<std::uint8_t>(65'500 * 3, 90)};  // resized whole: 7 gigapixels
  EXPECT_EQ(clip_crop(line, kClipSize), std::vector<std::uint8_t>(kClipSize * kClipSize * 3, 90));
}

TEST(Preprocess, APictureThatSamCannotHoldIsRefused) {
  const Decoded line{1, 4'000, std::vector<std::uint8_t>(4'000 * 3)};
  const auto refusal = test::refusal_of([&] { sam_pixels(line, kSamSize); });
  EXPECT_EQ(refusal.code, ExitCode::data);
  EXPECT_NE(refusal.text.find("a picture of 4000 x 1 pixels is too thin"), std::string::npos)
      << refusal.text;
}

}  // namespace
}  // namespace litebench::model
