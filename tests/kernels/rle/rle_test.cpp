// Expected runs, areas, boxes and unions: pycocotools 2.0.11
// (tests/golden/tiny/expected/polygons.json).
#include "kernels/rle/rle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace litebench::kernels {
namespace {

constexpr const char* kGolden = "tests/golden/tiny/expected/polygons.json";

std::vector<double> doubles(json::Value array) {
  std::vector<double> values;
  array.each([&](json::Value v) { values.push_back(v.as_double()); });
  return values;
}

/// Of an array; a lone value counts as an array of one.
std::vector<json::Value> elements(json::Value array) {
  std::vector<json::Value> values;
  if (!array.is_array()) return {array};
  array.each([&](json::Value v) { values.push_back(v); });
  return values;
}

/// A polygon, a compressed or an uncompressed RLE.
std::optional<Rle> rle_of(json::Value item, std::int64_t height, std::int64_t width) {
  if (item.is_array()) return rle_from_polygon(doubles(item), height, width);
  const json::Value counts = item.at("counts");
  if (counts.is_string()) return rle_from_string(counts.as_string(), height, width);
  std::vector<std::int64_t> numbers;
  counts.each([&](json::Value count) { numbers.push_back(count.as_int()); });
  return rle_from_counts(numbers, height, width);
}

void check_polygons(json::Value golden) {
  const std::int64_t height = golden.at("height").as_int(), width = golden.at("width").as_int();
  const auto polygons = elements(golden.at("segmentation")), strings = elements(golden.at("rles"));
  const auto areas = elements(golden.at("areas")), boxes = elements(golden.at("bboxes"));
  ASSERT_EQ(polygons.size(), strings.size());
  std::vector<std::uint8_t> sum(static_cast<std::size_t>(height * width));
  std::optional<Rle> merged;
  for (std::size_t i = 0; i < polygons.size(); ++i) {
    const auto rle = rle_of(polygons[i], height, width);
    ASSERT_TRUE(rle);
    EXPECT_EQ(rle_to_string(*rle), strings[i].as_string());
    EXPECT_EQ(rle_area(*rle), areas[i].as_int());
    const auto box = rle_box(*rle);
    EXPECT_EQ(std::vector<double>(box.begin(), box.end()), doubles(boxes[i]));
    rle_add_to(*rle, sum.data());
    merged = merged ? rle_union(*merged, *rle) : *rle;
  }
  EXPECT_EQ(std::ranges::count(sum, 1), golden.at("sum_eq1").as_int());
  EXPECT_EQ(std::ranges::count_if(sum, [](int n) { return n > 1; }), golden.at("sum_ge2").as_int());
  if (merged) {
    EXPECT_EQ(rle_to_string(*merged), golden.at("merged").as_string());
    EXPECT_EQ(rle_area(*merged), golden.at("merged_area").as_int());
    EXPECT_EQ(rle_encode(sum.data(), height, width), *merged);
  }
}

TEST(Rle, RasterisesEveryPolygonAsPycocotoolsDoes) {
  const auto golden = json::Document::load(kGolden);
  int cases = 0;
  golden.root().each([&](json::Value item) {
    if (!item.find("rles")) return;
    SCOPED_TRACE(item.at("label").as_string());
    check_polygons(item);
    ++cases;
  });
  EXPECT_EQ(cases, 40);
}

TEST(Rle, ReadsAndWritesStringsAsPycocotoolsDoes) {
  const auto golden = json::Document::load(kGolden);
  int cases = 0;
  golden.root().each([&](json::Value item) {
    if (!item.find("counts")) return;
    SCOPED_TRACE(item.at("label").as_string());
    std::vector<std::int64_t> counts;
    item.at("counts").each([&](json::Value v) { counts.push_back(v.as_int()); });
    const auto rle = rle_from_counts(counts, item.at("height").as_int(), item.at("width").as_int());
    ASSERT_TRUE(rle);
    EXPECT_EQ(rle_to_string(*rle), item.at("rle").as_string());
    EXPECT_EQ(rle_from_string(item.at("rle").as_string(), rle->height, rle->width), rle);
    EXPECT_EQ(rle_area(*rle), item.at("area").as_int());
    const auto mask = rle_decode(*rle);
    EXPECT_EQ(std::accumulate(mask.begin(), mask.end(), 0), rle_area(*rle));
    ++cases;
  });
  EXPECT_EQ(cases, 7);
}

TEST(Rle, DecodesColumnByColumn) {
  const auto rle = rle_from_counts(std::vector<std::int64_t>{1, 2, 3}, 2, 3);
  ASSERT_TRUE(rle);
  EXPECT_EQ(rle_decode(*rle), (std::vector<std::uint8_t>{0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(rle_box(*rle), (std::array<std::int64_t, 4>{0, 0, 2, 2}));
  EXPECT_EQ(rle_encode(rle_decode(*rle).data(), 2, 3), *rle);
}

TEST(Rle, RefusesCountsThatAreOutOfRange) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_FALSE(rle_from_counts(Counts{1, 2, 4}, 2, 3)) << "more than height x width";
  EXPECT_FALSE(rle_from_counts(Counts{1, 2}, 2, 3)) << "less than height x width";
  EXPECT_FALSE(rle_from_counts(Counts{-1, 7}, 2, 3));
  EXPECT_FALSE(rle_from_counts(Counts{std::numeric_limits<std::int64_t>::max(), 7}, 2, 3));
  EXPECT_FALSE(rle_from_counts(Counts{0}, 0, 3));
  EXPECT_FALSE(rle_from_counts(Counts{0}, -2, -3));
  EXPECT_FALSE(rle_from_counts(Counts{}, std::int64_t{1} << 40, std::int64_t{1} << 40));
}

TEST(Rle, RefusesBrokenStrings) {
  const Rle rle{100, 100, {3000, 40, 60, 6000, 900}};
  const std::string text = rle_to_string(rle);
  EXPECT_EQ(rle_from_string(text, 100, 100), rle);
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(rle_from_string(text.substr(0, length), 100, 100)) << "cut at " << length;
  }
  EXPECT_FALSE(rle_from_string(text, 100, 101)) << "another size";
  EXPECT_FALSE(rle_from_string("!" + text, 100, 100)) << "a foreign character";
  EXPECT_FALSE(rle_from_string("oooooooooooooooooooooo0", 100, 100)) << "a number without end";
  EXPECT_FALSE(rle_from_string("O" + text, 100, 100)) << "a negative count";
}

TEST(Rle, RefusesPolygonsThatCannotBeDrawn) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(rle_from_polygon({}, 10, 10));
  EXPECT_FALSE(rle_from_polygon(std::vector<double>{1, infinity, 2, 2, 3, 3}, 10, 10));
  EXPECT_FALSE(rle_from_polygon(std::vector<double>{1, std::nan(""), 2, 2, 3, 3}, 10, 10));
  EXPECT_FALSE(rle_from_polygon(std::vector<double>{1, 1e300, 2, 2, 3, 3}, 10, 10));
  std::vector<double> zigzag;
  for (int i = 0; i < 100; ++i) zigzag.insert(zigzag.end(), {i % 2 == 0 ? -1e6 : 1e6, 0.0});
  EXPECT_FALSE(rle_from_polygon(zigzag, 10, 10)) << "an outline of 1e9 steps";
}

TEST(Rle, UnionAgreesWithTheMasks) {
  const Rle a{3, 4, {0, 2, 1, 3, 6}}, b{3, 4, {1, 3, 0, 2, 6}};
  auto expected = rle_decode(a);
  const auto other = rle_decode(b);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] |= other[i];
  EXPECT_EQ(rle_decode(rle_union(a, b)), expected);
  EXPECT_EQ(rle_union(a, b), rle_encode(expected.data(), 3, 4)) << "no empty runs inside";
}

}  // namespace
}  // namespace litebench::kernels
