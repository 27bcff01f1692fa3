#include "shards/protocol/protocol.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::protocol {
namespace {

/// One image per entry of `sentences`, with that many sentences, one ref each two sentences.
refer::Dataset make_dataset(const std::vector<int>& sentences) {
  refer::Dataset dataset{.name = "refcoco"};
  std::int64_t sent_id = 0;
  for (std::size_t image = 0; image < sentences.size(); ++image) {
    for (int s = 0; s < sentences[image]; ++s, ++sent_id) {
      if (s % 2 == 0) {
        dataset.refs.push_back({.ref_id = 500 + sent_id,
                                .image_id = static_cast<std::int64_t>(image),
                                .split = "val"});
      }
      dataset.refs.back().sentences.push_back({sent_id, fmt::format("cat {}", sent_id)});
    }
  }
  return dataset;
}

std::vector<Sample> all_samples(const refer::Dataset& dataset, const Protocol& protocol,
                                const Replay* replay = nullptr) {
  std::vector<Sample> all;
  for (const auto& image : refer::images_of_split(dataset, "val", refer::ImageOrder::sorted)) {
    for (Sample& sample : samples_of(dataset, "val", image, protocol, replay))
      all.push_back(std::move(sample));
  }
  return all;
}

std::vector<std::int64_t> sent_ids(const std::vector<Sample>& samples) {
  std::vector<std::int64_t> ids;
  for (const Sample& sample : samples) {
    for (const Turn& turn : sample.turns) ids.push_back(turn.sent_id);
  }
  return ids;
}

std::vector<std::int32_t> choices(const std::vector<Sample>& samples, std::int32_t Turn::*field) {
  std::vector<std::int32_t> values;
  for (const Sample& sample : samples) {
    for (const Turn& turn : sample.turns) values.push_back(turn.*field);
  }
  return values;
}

template <typename Do>
std::string refusal(ExitCode code, const Do& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

void expect_parts(const std::string& message, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

double chi_squared(const std::vector<std::int32_t>& values, int bins) {
  std::vector<int> counts(static_cast<std::size_t>(bins));
  for (const std::int32_t value : values) ++counts.at(static_cast<std::size_t>(value));
  const double expected = static_cast<double>(values.size()) / bins;
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

TEST(Sampled3, TakesAllOfTwoAndThreeOfMore) {
  const auto samples = all_samples(make_dataset({1, 2, 3, 9}), profile("upstream-compatible"));
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(sent_ids({samples[0], samples[1]}), (std::vector<std::int64_t>{0, 1, 2}))
      << "in file order";
  for (const auto& [sample, first, last] :
       {std::tuple{samples[2], 3, 5}, std::tuple{samples[3], 6, 14}}) {
    const auto ids = sent_ids({sample});
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 3u);
    for (const auto id : ids) EXPECT_TRUE(id >= first && id <= last);
  }
}

TEST(Sampled3, DrawsEveryExpressionTemplateAndAnswerEquallyOften) {
  const auto samples =
      all_samples(make_dataset(std::vector<int>(4'000, 5)), profile("upstream-compatible"));
  std::vector<std::int32_t> positions;
  for (const auto id : sent_ids(samples)) positions.push_back(static_cast<std::int32_t>(id % 5));
  EXPECT_EQ(positions.size(), 12'000u);
  // 0.1 % quantiles of chi-squared with 4, 15 and 4 degrees of freedom.
  EXPECT_LT(chi_squared(positions, 5), 18.5);
  EXPECT_LT(chi_squared(choices(samples, &Turn::template_index), kTemplates), 37.7);
  EXPECT_LT(chi_squared(choices(samples, &Turn::answer_index), kAnswers), 18.5);
}

TEST(Sampled3, ShufflesEvenExactlyThree) {
  std::set<std::vector<std::int64_t>> orders;
  for (const Sample& sample :
       all_samples(make_dataset(std::vector<int>(200, 3)), profile("upstream-compatible"))) {
    auto order = sent_ids({sample});
    for (auto& id : order) id %= 3;
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(Draws, DependOnSeedDataSetSplitAndImageAlone) {
  const auto dataset = make_dataset({5, 5, 5});
  auto protocol = profile("upstream-compatible");
  const auto images = refer::images_of_split(dataset, "val", refer::ImageOrder::sorted);
  const auto draw = [&](const refer::Dataset& from, std::string_view split,
                        const refer::SplitImage& image) {
    const auto samples = samples_of(from, split, image, protocol, nullptr);
    return std::tuple(sent_ids(samples), choices(samples, &Turn::template_index),
                      choices(samples, &Turn::answer_index));
  };
  const auto here = draw(dataset, "val", images[1]);
  EXPECT_EQ(here, draw(dataset, "val", images[1])) << "again";
  EXPECT_NE(here, draw(dataset, "testA", images[1]));
  auto renamed = dataset;
  renamed.name = "refcoco+";
  EXPECT_NE(here, draw(renamed, "val", images[1]));
  auto other_image = images[1];
  other_image.image_id = 77;
  EXPECT_NE(here, draw(dataset, "val", other_image));
  protocol.seed = 18;
  EXPECT_NE(here, draw(dataset, "val", images[1]));
}

TEST(Draws, StayWhenTheTemplateIsFixed) {
  const auto dataset = make_dataset({5, 4, 9});
  auto fixed = profile("upstream-compatible");
  set_option(fixed, "template", "7");
  const auto free = all_samples(dataset, profile("upstream-compatible")),
             same = all_samples(dataset, fixed);
  EXPECT_EQ(sent_ids(free), sent_ids(same));
  EXPECT_EQ(choices(free, &Turn::answer_index), choices(same, &Turn::answer_index));
  for (const auto index : choices(same, &Turn::template_index)) EXPECT_EQ(index, 7);
}

TEST(Strict, ScoresEveryExpressionAlone) {
  const auto samples = all_samples(make_dataset({1, 2, 7}), profile("strict"));
  std::vector<std::int64_t> expected(10);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(sent_ids(samples), expected);
  for (const Sample& sample : samples) EXPECT_EQ(sample.turns.size(), 1u);
  EXPECT_EQ(samples.back().ordinal, 6);
}

TEST(Exhaustive, CutsTheSentencesOfAnImageIntoConversationsOfThree) {
  auto protocol = profile("strict");
  set_option(protocol, "turns", "upto3");
  const auto samples = all_samples(make_dataset({7}), protocol);
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[2].turns.size(), 1u);
}

TEST(SampleIds, DifferForEverythingThatMakesTheSample) {
  const auto dataset = make_dataset({1, 2, 7});
  std::set<std::uint64_t> ids;
  std::size_t count = 0;
  const auto add = [&](const Protocol& protocol) {
    for (const Sample& sample : all_samples(dataset, protocol)) ids.insert(sample.id), ++count;
  };
  add(profile("strict"));
  add(profile("upstream-compatible"));
  auto reseeded = profile("strict");
  reseeded.seed = 18;
  add(reseeded);
  EXPECT_EQ(ids.size(), count);
  const auto once = all_samples(dataset, profile("strict")),
             again = all_samples(dataset, profile("strict"));
  EXPECT_TRUE(std::ranges::equal(once, again, {}, &Sample::id, &Sample::id));
}

TEST(Profiles, AreTheColumnsOfTheTableOfQuirks) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const Pairs upstream = {{"sampling", "sampled3"},
                          {"turns", "upto3"},
                          {"template", "random"},
                          {"answer", "random"},
                          {"simtext", "question"},
                          {"sim", "dot"},
                          {"score_dtype", "model"},
                          {"ties", "lower"},
                          {"gt", "sum"},
                          {"image_order", "cpython_set"},
                          {"exif", "apply"},
                          {"eps", "upstream"},
                          {"pe_dtype", "model"},
                          {"seed", "17"}};
  const Pairs strict = {{"sampling", "exhaustive"},
                        {"turns", "single"},
                        {"template", "0"},
                        {"answer", "0"},
                        {"simtext", "expression"},
                        {"sim", "cosine"},
                        {"score_dtype", "fp32"},
                        {"ties", "lower"},
                        {"gt", "union"},
                        {"image_order", "sorted"},
                        {"exif", "ignore"},
                        {"eps", "none"},
                        {"pe_dtype", "fp32"},
                        {"seed", "17"}};
  EXPECT_EQ(options_of(profile("upstream-compatible")), upstream);
  EXPECT_EQ(options_of(profile("glamm-baseline")), upstream);
  EXPECT_EQ(options_of(profile("strict")), strict);
  EXPECT_EQ(profile("strict").name, "strict");
  auto copy = profile("upstream-compatible");
  for (const auto& [key, value] : strict) set_option(copy, key, value);
  EXPECT_EQ(options_of(copy), strict) << "every option can be set by name";
}

TEST(Profiles, NameWhatIsAllowed) {
  Protocol protocol;
  expect_parts(refusal(ExitCode::usage, [] { profile("strikt"); }),
               {"profile \"strikt\"", "did you mean strict?"});
  expect_parts(refusal(ExitCode::usage, [&] { set_option(protocol, "sampeling", "x"); }),
               {"did you mean sampling?"});
  expect_parts(refusal(ExitCode::usage, [&] { set_option(protocol, "gt", "max"); }),
               {"gt = \"max\"", "use one of: sum, union"});
  expect_parts(refusal(ExitCode::usage, [&] { set_option(protocol, "template", "16"); }),
               {"template = \"16\"", "random, 0, 1"});
  expect_parts(refusal(ExitCode::usage, [&] { set_option(protocol, "seed", "1x"); }),
               {"seed = \"1x\"", "not an integer"});
}

class ReplayFile : public testing::Test {
 protected:
  Replay load(std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    return Replay::load(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string refused(std::string_view text) {
    return refusal(ExitCode::data, [&] { load(text); });
  }

  const std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      fmt::format("replay_{}_{}.json",
                  testing::UnitTest::GetInstance()->current_test_info()->name(), getpid());
};

TEST_F(ReplayFile, FixesTurnsTemplatesAndAnswers) {
  const auto replay = load(R"({"refcoco/val": [{"image_id": 0, "turns": [
      {"sent_id": 4, "template": 5, "answer": 4}, {"sent_id": 1, "template": 0, "answer": 0}, {"sent_id": 0, "template": 3, "answer": 1},
      {"sent_id": 2, "template": 15, "answer": 2}]}]})");
  const auto dataset = make_dataset({5});
  const auto samples = all_samples(dataset, profile("strict"), &replay);
  ASSERT_EQ(samples.size(), 1u) << "recorded turns stay together, whatever the protocol says";
  EXPECT_EQ(sent_ids(samples), (std::vector<std::int64_t>{4, 1, 0, 2}));
  EXPECT_EQ(samples[0].turns[0].question, "Please segment cat 4 in this image");
  EXPECT_EQ(samples[0].turns[0].answer, "[SEG].");
  EXPECT_EQ(samples[0].turns[0].ref_id, 504);
  EXPECT_NE(samples[0].id, all_samples(dataset, profile("strict"))[0].id);
}

TEST_F(ReplayFile, MustFitTheImage) {
  const auto dataset = make_dataset({2, 2});
  const auto foreign = load(
      R"({"refcoco/val": [{"image_id": 0, "turns": [{"sent_id": 3, "template": 0, "answer": 0}]}]})");
  expect_parts(refusal(ExitCode::data, [&] { all_samples(dataset, profile("strict"), &foreign); }),
               {"image 0 of refcoco/val", "sentence 3 is not one of the image's"});
  const auto short_one = load(
      R"({"refcoco/val": [{"image_id": 0, "turns": [{"sent_id": 1, "template": 0, "answer": 0}]}]})");
  expect_parts(
      refusal(ExitCode::data, [&] { all_samples(dataset, profile("strict"), &short_one); }),
      {"image 1 of refcoco/val", "it does not name the image"});
}

TEST_F(ReplayFile, IsRefusedWhenMalformed) {
  expect_parts(refusal(ExitCode::io, [] { Replay::load("no/choices.json"); }),
               {"no/choices.json", "No such file"});
  expect_parts(refused("{"), {"cannot read JSON", "replay_IsRefusedWhenMalformed"});
  expect_parts(refused("[]"), {"wanted an object, found array"});
  expect_parts(refused(R"({"a/b": [{"image_id": 1}]})"),
               {"at /a/b/0", "member \"turns\" is missing"});
  expect_parts(refused(R"({"a/b": [{"image_id": 1, "turns": []}]})"),
               {"image 1 of a/b", "it has no turns"});
  expect_parts(
      refused(
          R"({"a/b": [{"image_id": 1, "turns": [{"sent_id": 1, "template": 16, "answer": 0}]}]})"),
      {"image 1 of a/b", "template 16 is not one of 0 to 15"});
  expect_parts(
      refused(
          R"({"a/b": [{"image_id": 1, "turns": [{"sent_id": 1, "template": 0, "answer": -1}]}]})"),
      {"answer -1 is not one of 0 to 4"});
  expect_parts(
      refused(
          R"({"a/b": [{"image_id": 1, "turns": [{"sent_id": "1", "template": 0, "answer": 0}]}]})"),
      {"/a/b/0/turns/0/sent_id", "wanted an integer, found string"});
  const std::string image =
      R"({"image_id": 1, "turns": [{"sent_id": 1, "template": 0, "answer": 0}]})";
  expect_parts(refused(fmt::format(R"({{"a/b": [{}, {}]}})", image, image)),
               {"image 1 of a/b", "it is named twice"});
}

}  // namespace
}  // namespace litebench::protocol
