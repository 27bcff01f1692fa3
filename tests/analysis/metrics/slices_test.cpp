#include "analysis/metrics/slices.hpp"

#include <gtest/gtest.h>

namespace litebench::analysis {
namespace {

using Words = std::vector<std::string>;

/// One sample with the given sentences, each answered once; areas are of the targets.
Run run_with(const Words& texts, const std::vector<std::int64_t>& areas,
             const std::vector<std::int64_t>& categories) {
  Run run;
  run.splits = {"refcoco/val"};
  run.protocols = {"{}"};
  run.variants = {{"none", "none", "", 0, "", "", ""}};
  results::Sample sample{};
  sample.sample_id = 1;
  sample.image_id = 7;
  run.samples = {sample};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    results::Sentence sentence{};
    sentence.sample_id = 1;
    sentence.turn = static_cast<std::int8_t>(i);
    sentence.category_id = categories[i];
    sentence.text = {run.bytes.size(), static_cast<std::uint32_t>(texts[i].size())};
    for (const char c : texts[i]) run.bytes.push_back(static_cast<std::byte>(c));
    run.sentences.push_back(sentence);
    results::Expression e{};
    e.sample_id = 1;
    e.image_id = 7;
    e.turn = sentence.turn;
    e.target_area = areas[i];
    e.intersection = 10 * static_cast<std::int64_t>(i + 1);
    e.union_ = 100;
    run.expressions.push_back(e);
  }
  return run;
}

Words classes_of(const Run& run, const char* name) {
  const Slicing slicing = slice_by(run, name);
  Words out;
  for (const std::int32_t c : slicing.of_sentence)
    out.push_back(c < 0 ? "" : slicing.classes[static_cast<std::size_t>(c)]);
  return out;
}

TEST(Slices, WordsAreLettersAndDigitsInLowerCase) {
  EXPECT_EQ(words_of("The woman's 2nd BAG, on-left!"),
            (Words{"the", "womans", "2nd", "bag", "on", "left"}));
  EXPECT_EQ(words_of("caf\xc3\xa9 --"), (Words{"caf\xc3\xa9"}));
  EXPECT_TRUE(words_of(" .,").empty());
}

TEST(Slices, SentencesAreTakenByTheirWordsOfPlace) {
  const analysis::Run run = run_with({"left man", "RIGHTMOST cup", "left of the right dog", "man behind",
                            "red shirt", "bright leftover"},
                           {1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1});
  EXPECT_EQ(classes_of(run, "words"),
            (Words{"left", "right", "other place", "other place", "no place", "no place"}));
}

TEST(Slices, LengthsAreCountedInWords) {
  const analysis::Run run =
      run_with({"a b", "a b c", "a b c d", "a b c d e", "a b c d e f g h", "a b c d e f g h i", ""},
               {1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1});
  EXPECT_EQ(classes_of(run, "length"), (Words{"1-2 words", "3-4 words", "3-4 words", "5-8 words",
                                              "5-8 words", "9+ words", "1-2 words"}));
}

TEST(Slices, SizesAreCocosAndTargetsThatOverlapCountTheirOverlap) {
  analysis::Run run = run_with({"a", "b", "c", "d", "e"}, {1023, 1024, 9215, 9216, 0}, {1, 1, 1, 1, 1});
  EXPECT_EQ(classes_of(run, "size"), (Words{"small", "medium", "medium", "large", "no target"}));
  run.expressions[0].overlap_area = 1;
  EXPECT_EQ(classes_of(run, "size").front(), "medium");
  run.expressions[1].status = store::Status::oom;
  EXPECT_EQ(classes_of(run, "size")[1], "");
}

TEST(Slices, CategoriesHaveCocosNamesWhereTheyAreCocos) {
  const analysis::Run run = run_with({"a", "b", "c"}, {1, 1, 1}, {90, 12, 1});
  EXPECT_EQ(classes_of(run, "category"), (Words{"toothbrush", "category 12", "person"}));
}

TEST(Slices, AClassHasTheRatioOfItsOwnSumsAndNoIntervalOfOneImage) {
  const analysis::Run run = run_with({"left a", "right", "left b"}, {1, 1, 1}, {1, 1, 1});
  Pairing pairing;
  pairing.paired = {1};
  SumOptions sums;
  sums.epsilons = Epsilons::none;
  InferenceOptions options;
  options.draws.draws = 64;
  const auto cells = estimate_slices(run, pairing, slice_by(run, "words"), sums, options);
  EXPECT_DOUBLE_EQ(cells[0][0].ciou.value(), (10.0 + 30) / 200);
  EXPECT_DOUBLE_EQ(cells[1][0].ciou.value(), 0.2);
  EXPECT_EQ(cells[0][0].expressions, 2);
  EXPECT_EQ(cells[0][0].interval, std::nullopt);
  EXPECT_EQ(cells[2][0].ciou, std::nullopt);
}

}  // namespace
}  // namespace litebench::analysis
