#include "analysis/predictions/predictions.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::analysis {
namespace {

// pycocotools.mask.frPyObjects({"size": [3, 4], "counts": [3, 3, 6]}, 3, 4)["counts"] is b"336": the second column.
constexpr const char* kColumn = R"({"size": [3, 4], "counts": "336"})";

std::string message_of(const std::string& json) {
  try {
    parse_predictions(json, "preds.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    return error.what();
  }
  return "nothing was thrown";
}

std::string entry(const std::string& segmentation) {
  return R"([{"sent_id": 7, "segmentation": )" + segmentation + "}]";
}

TEST(Predictions, AListAndAnObjectBySentIdAreTheSame) {
  const auto list = parse_predictions(entry(kColumn), "list");
  const auto object = parse_predictions(std::string(R"({"7": )") + kColumn + "}", "object");
  ASSERT_EQ(list.size(), 1U);
  ASSERT_EQ(object.size(), 1U);
  EXPECT_EQ(list[0].sent_id, 7);
  EXPECT_EQ(object[0].sent_id, 7);
  EXPECT_EQ(list[0].mask, object[0].mask);
  EXPECT_EQ(list[0].mask->counts, (std::vector<std::uint32_t>{3, 3, 6}));
}

TEST(Predictions, CountsMayBeAStringOrAListAndOtherMembersAreIgnored) {
  const auto predictions = parse_predictions(
      R"([{"score": 0.5, "sent_id": 7, "segmentation": {"counts": [3, 3, 6], "size": [3, 4]}}])",
      "list");
  EXPECT_EQ(predictions[0].mask->counts, (std::vector<std::uint32_t>{3, 3, 6}));
}

TEST(Predictions, NullMeansThatNothingWasFound) {
  EXPECT_FALSE(parse_predictions(entry("null"), "list")[0].mask.has_value());
  EXPECT_FALSE(parse_predictions(R"({"7": null})", "object")[0].mask.has_value());
}

TEST(Predictions, WhatIsWrongIsNamedWithItsEntry) {
  EXPECT_NE(message_of("[").find("preds.json"), std::string::npos);
  EXPECT_NE(message_of("7").find("neither a list of predictions nor an object"), std::string::npos);
  EXPECT_NE(message_of("[7]").find("prediction 0 of preds.json (it has no \"sent_id\")"),
            std::string::npos)
      << message_of("[7]");
  EXPECT_NE(message_of(R"([{"sent_id": "7"}])").find("sent_id is no whole number"),
            std::string::npos);
  EXPECT_NE(message_of(R"([{"sent_id": 7}])").find("it has no \"segmentation\""),
            std::string::npos);
  EXPECT_NE(message_of(R"({"seven": null})").find("\"seven\" is no sent_id"), std::string::npos);
  EXPECT_NE(message_of(entry("[1, 2, 3]")).find("no object of size and counts"), std::string::npos);
  EXPECT_NE(message_of(entry(R"({"counts": "336"})")).find("it has no \"size\""),
            std::string::npos);
  EXPECT_NE(
      message_of(entry(R"({"size": [3], "counts": "336"})")).find("no list of height and width"),
      std::string::npos);
  EXPECT_NE(message_of(entry(R"({"size": [3, 4.5], "counts": "336"})")).find("no whole number"),
            std::string::npos);
  EXPECT_NE(message_of(entry(R"({"size": [3, -4], "counts": "336"})")).find("out of range"),
            std::string::npos);
  EXPECT_NE(message_of(entry(R"({"size": [3, 5], "counts": "336"})"))
                .find("do not add up to 3 x 5 pixels"),
            std::string::npos);
  EXPECT_NE(message_of(entry(R"({"size": [3, 4], "counts": "33\u0001"})")).find("corrupt"),
            std::string::npos);
  EXPECT_NE(message_of(entry(R"({"size": [3, 4], "counts": [3, -3, 12]})")).find("corrupt"),
            std::string::npos);
  EXPECT_NE(
      message_of(entry(R"({"size": [3, 4], "counts": 12})")).find("neither a string nor a list"),
      std::string::npos);
  const std::string twice =
      message_of(R"([{"sent_id": 7, "segmentation": null}, {"sent_id": 7, "segmentation": null}])");
  EXPECT_NE(twice.find("prediction 1 (sent_id 7)"), std::string::npos) << twice;
  EXPECT_NE(twice.find("was there before"), std::string::npos);
}

}  // namespace
}  // namespace litebench::analysis
