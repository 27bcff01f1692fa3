#include "model/checkpoint/remark.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::model {
namespace {

namespace fs = std::filesystem;

class Remark : public ::testing::Test {
 protected:
  Remark() { fs::create_directories(dir_); }
  ~Remark() override { fs::remove_all(dir_); }

  /// What is read from a config.json with this content.
  [[nodiscard]] std::string of(const std::string& content) const {
    std::ofstream(dir_ / "config.json") << content;
    return read_remark(dir_);
  }
  [[nodiscard]] std::string refusal(const std::string& content) const {
    try {
      return "read " + of(content);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
  }

 private:
  fs::path dir_ = fs::path(::testing::TempDir()) / "litebench-remark";
};

TEST_F(Remark, IsWhatTheConfigurationSays) {
  EXPECT_EQ(of(R"({"hidden_size": 96, "litebench_remark": "Made up: says nothing."})"),
            "Made up: says nothing.");
}

TEST_F(Remark, IsEmptyWhereNobodyMadeOne) {
  EXPECT_EQ(of(R"({"hidden_size": 96})"), "");
  EXPECT_EQ(of(R"({"litebench_remark": null})"), "");
}

TEST_F(Remark, IsOneLineThatFitsACaption) {
  const std::string longest(kLongestRemark, 'x');
  EXPECT_EQ(of(R"({"litebench_remark": ")" + longest + "\"}"), longest);
  EXPECT_NE(refusal(R"({"litebench_remark": "x)" + longest + "\"}").find("has 301 bytes"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"litebench_remark": "two\nlines"})").find("control characters"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"litebench_remark": 7})").find("config.json"), std::string::npos);
}

}  // namespace
}  // namespace litebench::model
