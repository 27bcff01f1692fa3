// Expected meaning of the bytes: the EXIF 2.3 and TIFF 6.0 standards.
#include "model/image/exif/exif.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace litebench::model {
namespace {

using std::string_literals::operator""s;

int orientation_of(const std::string& jpeg) {
  return exif_orientation({reinterpret_cast<const std::byte*>(jpeg.data()), jpeg.size()});
}

std::string jpeg_with(const std::string& segment) {
  const std::size_t length = segment.size() + 2;
  return "\xFF\xD8\xFF\xE1"s + static_cast<char>(length >> 8) + static_cast<char>(length & 255) +
         segment + "\xFF\xDA\x00\x02"s;
}

const std::string kBig =
    "Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"s;
const std::string kLittle =
    "Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0"s;

TEST(Exif, ReadsTheOrientationInBothByteOrders) {
  EXPECT_EQ(orientation_of(jpeg_with(kBig)), 6);
  EXPECT_EQ(orientation_of(jpeg_with(kLittle)), 8);
}

TEST(Exif, LooksBehindOtherSegmentsAndFillBytes) {
  const std::string tail = jpeg_with(kBig).substr(2);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xE0\x00\x04xy"s + tail), 6);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xE1\x00\x08http:/"s + tail), 6);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xFF"s + tail), 6);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xDA\x00\x02"s + tail), 1);  // after the scan began
}

TEST(Exif, GarbageMeansUpright) {
  EXPECT_EQ(orientation_of(""), 1);
  EXPECT_EQ(orientation_of("\xFF\xD8"), 1);
  EXPECT_EQ(orientation_of("not a jpeg"), 1);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xE1\x00\x01"s), 1);
  EXPECT_EQ(orientation_of("\xFF\xD8\xFF\xE1\xFF\xFF"s + kBig), 1);  // longer than the file
  const auto with = [&](std::size_t at, char byte) {
    std::string changed = kBig;
    changed.at(at) = byte;
    return orientation_of(jpeg_with(changed));
  };
  EXPECT_EQ(with(6, 'X'), 1);      // byte order
  EXPECT_EQ(with(9, 43), 1);       // TIFF's 42
  EXPECT_EQ(with(10, '\x7F'), 1);  // directory outside of the segment
  EXPECT_EQ(with(13, '\xFF'), 1);
  EXPECT_EQ(with(14, '\xFF'), 6);  // more entries claimed than there are: the first still counts
  EXPECT_EQ(with(25, 0), 1);       // orientation 0
  EXPECT_EQ(with(25, 9), 1);       // orientation 9
}

TEST(Exif, EveryPrefixAndEveryFlippedByteOfARealFileIsSurvived) {
  auto bytes = test::file_bytes(test::image_file("COCO_train2014_000001048583.jpg"));
  ASSERT_EQ(exif_orientation(bytes), 6);
  for (std::size_t size = 0; size < 200; ++size) {
    const int found = exif_orientation(std::span(bytes).first(size));
    EXPECT_TRUE(found == 1 || found == 6) << size;
  }
  for (std::size_t at = 0; at < 200; ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      bytes[at] ^= static_cast<std::byte>(flip);
      const int found = exif_orientation(bytes);
      EXPECT_TRUE(found >= 1 && found <= 8);
      bytes[at] ^= static_cast<std::byte>(flip);
    }
  }
}

}  // namespace
}  // namespace litebench::model
