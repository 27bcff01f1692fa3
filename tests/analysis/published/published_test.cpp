#include "analysis/published/published.hpp"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::analysis {
namespace {

namespace fs = std::filesystem;

TEST(Published, EveryFileIsCompleteAndItsAveragesFollowFromItsColumns) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator("analysis/published")) {
    if (entry.path().extension() != ".json") continue;
    const Published published = load_published(entry.path());
    SCOPED_TRACE(published.name);
    EXPECT_EQ(published.name, entry.path().stem().string());
    EXPECT_FALSE(published.source.empty());
    EXPECT_TRUE(published.status == "first-party" || published.status == "third-party");
    const PublishedRow* whole = published.find("none");
    ASSERT_NE(whole, nullptr);
    for (const PublishedRow& row : published.rows) {
      double sum = 0;
      for (const double value : row.ciou) sum += value;
      // One decimal is printed, of a mean that was taken before rounding.
      EXPECT_NEAR(row.average, sum / static_cast<double>(row.ciou.size()), 0.0011) << row.variant;
      // The source prints 54.1 for TRIM at 64 tokens where its own columns give 54.4; the data keep what it prints.
      const double tolerance = row.variant == "trim@64" ? 0.0035 : 0.0011;
      EXPECT_NEAR(row.relative, row.average / whole->average, tolerance) << row.variant;
    }
    ++files;
  }
  EXPECT_GE(files, 1);
}

TEST(Published, LiteLvlmAt192OnRefCocoValIs74Point4) {
  const Published published = find_published("litelvlm-icml26");
  const PublishedRow* row = published.find("litelvlm@192");
  ASSERT_NE(row, nullptr);
  EXPECT_DOUBLE_EQ(published.ciou(*row, "refcoco/val").value(), 0.744);
  EXPECT_EQ(published.ciou(*row, "grefcoco/val"), std::nullopt);
  EXPECT_EQ(published.find("litelvlm@191"), nullptr);
}

TEST(Published, AMistypedNameIsRefusedWithTheNearestOne) {
  try {
    find_published("litelvlm-icml25");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("did you mean litelvlm-icml26?"), std::string::npos);
  }
}

TEST(Published, ARowWithTooFewValuesIsRefused) {
  const fs::path file =
      fs::temp_directory_path() / ("published-" + std::to_string(::getpid()) + ".json");
  std::ofstream(file)
      << R"({"name": "x", "title": "", "status": "first-party", "source": "", "note": "",
    "splits": ["a", "b"], "rows": [{"variant": "none", "method": "m", "ciou": [1], "average": 1, "relative": 1}]})";
  EXPECT_THROW(load_published(file), Error);
  fs::remove(file);
}

}  // namespace
}  // namespace litebench::analysis
