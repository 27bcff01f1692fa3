// Small data sets written here: what the readers accept, and what they say about damaged files.
#include <algorithm>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::refer {
namespace {

constexpr std::string_view kInstances = R"({
  "images": [{"id": 1, "file_name": "a.jpg", "height": 4, "width": 5}, {"id": 2, "file_name": "b.jpg", "height": 9, "width": 9}],
  "annotations": [
    {"id": 10, "image_id": 1, "category_id": 3, "bbox": [0, 0.5, 2, 2], "iscrowd": 0, "segmentation": [[0,0,3,0,3,3,0,3]]},
    {"id": 11, "image_id": 1, "category_id": 3, "bbox": [1, 1, 2, 2], "iscrowd": 0, "segmentation": [[1,1,5,1,5,4,1,4], [1,1,3,1,3,2,1,2]]},
    {"id": 12, "image_id": 1, "category_id": 3, "segmentation": SEGMENTATION}],
  "categories": [{"id": 3, "name": "cat"}]})";

/// One ref in pickle protocol 0.
std::string ref(std::int64_t id, std::string_view image_id, std::string_view ann_id,
                std::string_view split) {
  return fmt::format(
      "(dS'ref_id'\nI{}\nsS'image_id'\n{}sS'ann_id'\n{}sS'category_id'\nI3\nsS'split'\nS'{}'\nsS'"
      "sentences'\n"
      "(l(dS'sent_id'\nI{}\nsS'sent'\nS'the cat'\nsasa",
      id, image_id, ann_id, split, 100 + id);
}

std::string list(std::string_view items) { return fmt::format("(l{}.", items); }

class Files : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("refer_files_{}_{}", test->name(), getpid());
    write_instances("[]");
    write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I10\n", "val")));
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }

  void write_instances(const std::string& segmentation,
                       const std::string& dataset = "refcoco") const {
    std::string text(kInstances);
    text.replace(text.find("SEGMENTATION"), 12, segmentation);
    write(dataset + "/instances.json", text);
  }

  /// The message of the Error that loading, or drawing the first ref's target, must end in.
  std::string refusal(ExitCode code, const std::string& name = "refcoco") const {
    try {
      const Dataset dataset = load_dataset(root_, name);
      target_mask(dataset, dataset.refs.at(0), GroundTruth::sum);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return {};
  }

  static void expect_parts(const std::string& message,
                           std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  std::filesystem::path root_;
};

TEST_F(Files, JoinsRefsWithInstances) {
  const Dataset dataset = load_dataset(root_, "refcoco");
  ASSERT_EQ(dataset.refs.size(), 1u);
  EXPECT_EQ(dataset.refs[0].sentences[0].text, "the cat");
  EXPECT_EQ(dataset.annotations.size(), 1u) << "annotations no ref points at are skipped";
  EXPECT_EQ(dataset.annotations.at(10).box, (std::array<double, 4>{0, 0.5, 2, 2}));
  EXPECT_EQ(dataset.categories.at(3), "cat");
  EXPECT_EQ(dataset.images.size(), 2u);
}

TEST_F(Files, SplitsFollowTheRulesOfTheReference) {
  EXPECT_TRUE(in_split("testAB", "testA") && in_split("testAB", "testB") &&
              in_split("testB", "testB"));
  EXPECT_FALSE(in_split("testB", "testA") || in_split("val", "testA") ||
               in_split("trainval", "val"));
  EXPECT_TRUE(in_split("testA", "test") && in_split("val", "val"));
}

TEST_F(Files, ReadsGrefcocoWithSeveralTargetsAndNone) {
  write_instances("[]", "grefcoco");
  write("grefcoco/grefs(unc).p",
        list(ref(1, "I1\n", "(lI10\naI11\na", "val") + ref(2, "I1\n", "(lI-1\na", "val")));
  const Dataset dataset = load_dataset(root_, "grefcoco");
  const auto both = target_mask(dataset, dataset.refs[0], GroundTruth::sum);
  const auto a = target_mask(dataset, Ref{.image_id = 1, .ann_ids = {10}}, GroundTruth::sum);
  const auto b = target_mask(dataset, Ref{.image_id = 1, .ann_ids = {11}}, GroundTruth::sum);
  for (std::size_t i = 0; i < both.size(); ++i) EXPECT_EQ(both[i], a[i] | b[i]);
  EXPECT_EQ(*std::ranges::max_element(both), 3)
      << "1 | 2 where one polygon of 10 and two of 11 lie";
  EXPECT_EQ(std::ranges::count(target_mask(dataset, dataset.refs[1], GroundTruth::sum), 0), 20);
}

TEST_F(Files, ReadsGrefcocoFromJson) {
  write_instances("[]", "grefcoco");
  write("grefcoco/grefs(unc).json",
        R"([{"ref_id": 7, "image_id": 1, "ann_id": [10, 11], "category_id": [3, 3], "split": "val",
             "sentences": [{"sent_id": 9, "sent": "both"}]}])");
  const Dataset dataset = load_dataset(root_, "grefcoco");
  EXPECT_EQ(dataset.refs.at(0).ann_ids, (std::vector<std::int64_t>{10, 11}));
  EXPECT_EQ(dataset.refs.at(0).sentences.at(0).text, "both");
}

TEST_F(Files, NamesTheNearestDataSet) {
  expect_parts(refusal(ExitCode::usage, "refcocoo"),
               {"unknown data set \"refcocoo\"", "did you mean refcoco?"});
}

TEST_F(Files, SaysWhichFileIsMissing) {
  std::filesystem::remove(root_ / "refcoco/instances.json");
  expect_parts(refusal(ExitCode::io), {"refcoco/instances.json", "No such file"});
  std::filesystem::remove(root_ / "refcoco/refs(unc).p");
  expect_parts(refusal(ExitCode::io), {"refcoco/refs(unc).p", "No such file"});
}

TEST_F(Files, RefusesATruncatedPickle) {
  const std::string whole = list(ref(1, "I1\n", "I10\n", "val"));
  write("refcoco/refs(unc).p", whole.substr(0, whole.size() / 2));
  expect_parts(refusal(ExitCode::data),
               {"cannot read pickle", "refs(unc).p", "opcode", "data end"});
}

TEST_F(Files, RefusesAPickleThatWouldRunACommand) {
  write("refcoco/refs(unc).p", "cos\nsystem\n(S'true'\ntR.");
  expect_parts(refusal(ExitCode::data),
               {"opcode GLOBAL at byte 0", "\"os.system\" is not allowed"});
}

TEST_F(Files, NamesTheRefThatLacksAField) {
  write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I10\n", "val") + "(dS'ref_id'\nI5\nsa"));
  expect_parts(refusal(ExitCode::data), {"ref 1 of", "field \"image_id\" is missing"});
  write("refcoco/refs(unc).p", list(ref(1, "N", "I10\n", "val")));
  expect_parts(refusal(ExitCode::data), {"ref 0 of", "field \"image_id\" is not an integer"});
  write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I10\n", "v\\xff")));
  expect_parts(refusal(ExitCode::data), {"field \"split\" is not UTF-8"});
  write("refcoco/refs(unc).p", "I1\n.");
  expect_parts(refusal(ExitCode::data), {"does not hold a list of refs"});
}

TEST_F(Files, RefusesRefsOfAnotherInstancesFile) {
  write("refcoco/refs(unc).p", list(ref(1, "I99\n", "I10\n", "val")));
  expect_parts(refusal(ExitCode::data), {"do not belong together", "ref 1: there is no image 99"});
  write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I99\n", "val")));
  expect_parts(refusal(ExitCode::data), {"ref 1: there is no annotation 99"});
  write("refcoco/refs(unc).p", list(ref(1, "I2\n", "I10\n", "val")));
  expect_parts(refusal(ExitCode::data), {"annotation 10 belongs to image 1, not 2"});
}

TEST_F(Files, RefusesAnImageWithoutArea) {
  write("refcoco/instances.json",
        R"({"images": [{"id": 1, "file_name": "a", "height": 0, "width": 5}]})");
  expect_parts(refusal(ExitCode::data), {"image 1 of", "has no usable size"});
  write("refcoco/instances.json",
        R"({"images": [{"id": 1, "file_name": "a", "height": 99999999, "width": 99999999}]})");
  expect_parts(refusal(ExitCode::data), {"has no usable size"});
}

TEST_F(Files, RefusesSegmentationsThatCannotBeDrawn) {
  write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I12\n", "val")));
  for (const std::string segmentation :
       {R"([{"size": [4, 5], "counts": "1d0"}])", R"([{"size": [4, 5], "counts": "e0"}])",
        R"([{"size": [5, 4], "counts": "d0"}])", R"([{"size": [4, 5], "counts": "0"}])",
        R"([{"size": [4], "counts": "d0"}])", R"([{"size": [4, 5], "counts": "T"}])",
        R"([{"size": [-4, -5], "counts": "d0"}])"}) {
    write_instances(segmentation);
    expect_parts(refusal(ExitCode::data),
                 {"cannot draw annotation 12 of image 1", "RLE out of range"});
  }
  for (const std::string segmentation :
       {R"({"size": [4, 5], "counts": [20]})", R"([{"size": [4, 5], "counts": [20]}])",
        "[[1, 2, 3, 4]]", "[[]]", "[[1, 2]]", "[[1,1,5,1,5,4], []]", "\"polygon\""}) {
    write_instances(segmentation);
    expect_parts(refusal(ExitCode::data), {"cannot draw annotation 12", "neither polygons"});
  }
  write_instances("[[1, 1, 1e300, 1, 2, 2]]");
  expect_parts(refusal(ExitCode::data),
               {"cannot draw annotation 12", "coordinate", "out of range"});
}

TEST_F(Files, DrawsACompressedRle) {
  write("refcoco/refs(unc).p", list(ref(1, "I1\n", "I12\n", "val")));
  write_instances(R"([{"size": [4, 5], "counts": "346NO"}])");  // pycocotools: runs 3 4 6 2 5
  const Dataset dataset = load_dataset(root_, "refcoco");
  EXPECT_EQ(
      target_mask(dataset, dataset.refs[0], GroundTruth::sum),
      (std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0}));
}

TEST_F(Files, SaysWhichSplitsThereAreWhenOneIsEmpty) {
  const Dataset dataset = load_dataset(root_, "refcoco");
  try {
    images_of_split(dataset, "testA", ImageOrder::sorted);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    expect_parts(error.what(), {"split refcoco/testA is empty", "refs have the splits: val"});
  }
}

TEST_F(Files, RefusesImagePathsThatLeaveTheFolder) {
  EXPECT_EQ(image_path("r", {.file_name = "a.jpg"}), "r/coco_2014/train2014/a.jpg");
  EXPECT_EQ(image_path("r", {.file_name = "sub/a.jpg"}), "r/coco_2014/train2014/sub/a.jpg");
  using namespace std::string_view_literals;
  for (const std::string_view name :
       {"../a.jpg"sv, "/etc/passwd"sv, "sub/../../a.jpg"sv, ".."sv, ""sv, "a\0b"sv}) {
    try {
      image_path("r", {.id = 3, .file_name = std::string(name)});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      expect_parts(error.what(), {"image 3 has the file name", "out of the folder"});
    }
  }
}

}  // namespace
}  // namespace litebench::refer
