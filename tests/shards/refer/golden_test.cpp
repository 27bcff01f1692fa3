// Orders, sentences and targets: the reference's own loader and pycocotools
// (tests/golden/tiny/expected/{eval,masks}.json). Set orders: CPython 3.11
// (tests/golden/python/make_python.py).
#include <algorithm>

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "kernels/rle/rle.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::refer {
namespace {

constexpr const char* kRoot = "tests/golden/tiny/data/Refer_Segm";
constexpr const char* kExpected = "tests/golden/tiny/expected/";

std::vector<json::Value> elements(json::Value array) {
  std::vector<json::Value> values;
  array.each([&](json::Value v) { values.push_back(v); });
  return values;
}

std::vector<std::int64_t> integers(json::Value array) {
  std::vector<std::int64_t> values;
  array.each([&](json::Value v) { values.push_back(v.as_int()); });
  return values;
}

class EverySplit : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string key = GetParam();
    dataset_ = load_dataset(kRoot, key.substr(0, key.find('|')));
    split_ = images_of_split(dataset_, key.substr(key.find('|') + 1), ImageOrder::cpython_set);
    samples_ = elements(eval_.root().at(key).at("samples"));
    ASSERT_EQ(split_.size(), samples_.size());
  }

  /// The expressions that the reference drew for sample `i`.
  std::vector<ExpressionIndex> drawn(std::size_t i) const {
    std::vector<ExpressionIndex> chosen;
    for (const auto index : integers(samples_[i].at("sampled_indices"))) {
      chosen.push_back(split_[i].expressions.at(static_cast<std::size_t>(index)));
    }
    return chosen;
  }

  json::Document eval_ = json::Document::load(std::string(kExpected) + "eval.json");
  json::Document masks_ = json::Document::load(std::string(kExpected) + "masks.json");
  Dataset dataset_;
  std::vector<SplitImage> split_;
  std::vector<json::Value> samples_;
};
INSTANTIATE_TEST_SUITE_P(Tiny, EverySplit,
                         testing::Values("refcoco|val", "refcoco|testA", "refcoco|testB",
                                         "refcoco+|val", "refcoco+|testA", "refcoco+|testB",
                                         "refcocog|val", "refcocog|test"));

TEST_P(EverySplit, HasTheReferencesImagesInItsOrder) {
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    EXPECT_EQ(split_[i].image_id, samples_[i].at("image_id").as_int());
    const Image& image = dataset_.images.at(split_[i].image_id);
    EXPECT_EQ(image.file_name, samples_[i].at("file_name").as_string());
    EXPECT_EQ(image.height, samples_[i].at("height").as_int());
    EXPECT_EQ(image.width, samples_[i].at("width").as_int());
    EXPECT_TRUE(std::filesystem::exists(image_path(kRoot, image)));
  }
}

TEST_P(EverySplit, HasTheReferencesSentencesInItsOrder) {
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    EXPECT_EQ(static_cast<std::int64_t>(split_[i].expressions.size()),
              samples_[i].at("num_sentences").as_int());
    const auto texts = elements(samples_[i].at("sentences"));
    const auto sent_ids = integers(samples_[i].at("sent_ids")),
               ref_ids = integers(samples_[i].at("ref_ids"));
    const auto ann_ids = integers(samples_[i].at("ann_ids"));
    const auto chosen = drawn(i);
    ASSERT_EQ(chosen.size(), texts.size());
    for (std::size_t q = 0; q < chosen.size(); ++q) {
      const Ref& ref = dataset_.refs.at(static_cast<std::size_t>(chosen[q].ref));
      const Sentence& sentence = ref.sentences.at(static_cast<std::size_t>(chosen[q].sentence));
      EXPECT_EQ(sentence.text, texts[q].as_string());
      EXPECT_EQ(sentence.sent_id, sent_ids[q]);
      EXPECT_EQ(ref.ref_id, ref_ids[q]);
      EXPECT_EQ(ref.ann_ids, std::vector{ann_ids[q]});
    }
  }
}

TEST_P(EverySplit, DrawsTheReferencesTargets) {
  const auto all_rles = elements(masks_.root().at(GetParam()).at("gt"));
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const auto counts = elements(samples_[i].at("gt")), rles = elements(all_rles[i]);
    const auto chosen = drawn(i);
    for (std::size_t q = 0; q < chosen.size(); ++q) {
      const Ref& ref = dataset_.refs.at(static_cast<std::size_t>(chosen[q].ref));
      const Image& image = dataset_.images.at(ref.image_id);
      const auto sum = target_mask(dataset_, ref, GroundTruth::sum);
      EXPECT_EQ(std::ranges::count(sum, 1), counts[q].at("count_eq1").as_int());
      EXPECT_EQ(std::ranges::count_if(sum, [](int n) { return n >= 2; }),
                counts[q].at("count_ge2").as_int());
      EXPECT_EQ(*std::ranges::max_element(sum), counts[q].at("max").as_int());
      const auto either = target_mask(dataset_, ref, GroundTruth::union_);
      EXPECT_EQ(
          kernels::rle_to_string(kernels::rle_encode(either.data(), image.height, image.width)),
          rles[q].as_string());
      EXPECT_LE(*std::ranges::max_element(either), 1);
    }
  }
}

TEST_P(EverySplit, SortedOrderHoldsTheSameImages) {
  const std::string key = GetParam();
  const auto sorted = images_of_split(dataset_, key.substr(key.find('|') + 1), ImageOrder::sorted);
  EXPECT_TRUE(std::ranges::is_sorted(sorted, {}, &SplitImage::image_id));
  EXPECT_EQ(sorted.size(), split_.size());
}

TEST(SetOrder, IsCpythonsForRandomIds) {
  const auto golden = json::Document::load("tests/golden/python/set_order.json");
  const auto cases = elements(golden.root().at("cases"));
  EXPECT_EQ(cases.size(), 61u);
  for (const json::Value item : cases) {
    EXPECT_EQ(cpython_set_order(integers(item.at("ids"))), integers(item.at("order")));
  }
}

TEST(SetOrder, IsCpythonsWhereTablesGrowByTwo) {
  const auto golden = json::Document::load("tests/golden/python/set_order.json");
  const json::Value large = golden.root().at("large");
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < large.at("count").as_int(); ++i) {
    ids.push_back(i * large.at("multiplier").as_int() % large.at("modulus").as_int());
  }
  std::uint64_t checksum = 0;
  for (const std::int64_t id : cpython_set_order(ids))
    checksum = checksum * 31 + static_cast<std::uint64_t>(id);
  EXPECT_EQ(std::to_string(checksum), large.at("checksum").as_string());
}

}  // namespace
}  // namespace litebench::refer
