#include "harness/progress/progress.hpp"

#include <gtest/gtest.h>

namespace litebench::progress {
namespace {

TEST(Progress, TellsRateAndTimeLeft) {
  EXPECT_EQ(progress_text(0, 10, 0, 1, 3), "0/10 bundles on 1 rank");
  EXPECT_EQ(progress_text(20, 100, 0, 2, 10), "20/100 bundles on 2 ranks, 2.0 a second, 40 s left");
  EXPECT_EQ(progress_text(10, 10, 0, 2, 100), "10/10 bundles on 2 ranks, 10.0 s each");
  EXPECT_EQ(progress_text(0, 4, 1, 1, 3, "groups"), "1/4 groups on 1 rank");
}

TEST(Progress, BundlesOfEarlierAttemptsDoNotFlatterTheRate) {
  EXPECT_EQ(progress_text(10, 100, 50, 1, 10), "60/100 bundles on 1 rank, 1.0 a second, 40 s left");
}

TEST(Progress, SpellsDurationsInTheUnitTheyAreReadIn) {
  EXPECT_EQ(duration_text(5), "5 s");
  EXPECT_EQ(duration_text(600), "10 min");
  EXPECT_EQ(duration_text(9000), "2.5 h");
}

std::string file_text(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

TEST(Progress, TheEndIsToldOnce) {
  std::FILE* file = std::tmpfile();
  {
    ProgressLine line(file, 10, 4, 1, false);
    line.update(1);   // too early for a line
    line.update(6);
    line.update(6);
  }
  const std::string text = file_text(file);
  EXPECT_TRUE(text.starts_with("10/10 bundles on 1 rank")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  std::fclose(file);
}

TEST(Progress, ALogThatCannotBeWrittenStopsNothing) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  std::setvbuf(full, nullptr, _IONBF, 0);
  ProgressLine line(full, 10, 0, 1, false);
  EXPECT_NO_THROW(line.update(10));
  std::fclose(full);
}

}  // namespace
}  // namespace litebench::progress
