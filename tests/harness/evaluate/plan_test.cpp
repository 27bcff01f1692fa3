#include "harness/evaluate/plan.hpp"

#include <set>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::evaluate {
namespace {

constexpr std::string_view kConfig = R"(
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val", "refcocog/test"]
[[sweep]]
method = "none"
[[sweep]]
method = "random"
tokens = [192, 64]
seeds = 3
[passes]
latency = { images = 2, repeats = 4 }
)";

config::Config parse(const std::vector<std::string>& set = {}) {
  return config::parse_config(kConfig, "test.toml", {.assignments = set, .output = {}, .limit = {}});
}

TEST(Plan, CountsBundlesUnitsAndExpressions) {
  const Plan plan = make_plan(parse(), "p");
  std::int64_t units = 0, expressions = 0, timed = 0;
  for (const BundlePlan& bundle : plan.bundles) {
    if (bundle.row.pass == store::Pass::accuracy) {
      units += bundle.row.units;
      expressions += bundle.row.expressions;
    } else {
      timed += bundle.row.units;
    }
  }
  // 5 + 5 images (tests/golden/tiny/expected/eval.json), 1 + 2 × 3 runs; 24 sampled expressions
  EXPECT_EQ(units, 10 * 7);
  EXPECT_EQ(expressions, 24 * 7);
  EXPECT_EQ(timed, 4 * 3 * 4);
  EXPECT_EQ(plan.bundles.size(), 14u);
}

TEST(Plan, IdsOfBundlesAreDistinctAndDependOnPackAndProtocol) {
  std::set<std::uint64_t> ids;
  for (const BundlePlan& bundle : make_plan(parse(), "p").bundles) ids.insert(bundle.row.bundle_id);
  EXPECT_EQ(ids.size(), 14u);
  for (const BundlePlan& bundle : make_plan(parse(), "q").bundles) EXPECT_EQ(ids.count(bundle.row.bundle_id), 0u);
  for (const BundlePlan& bundle : make_plan(parse({"protocol.seed=5"}), "p").bundles) {
    EXPECT_EQ(ids.count(bundle.row.bundle_id), 0u);
  }
}

TEST(Plan, ALimitKeepsTheFirstImagesAndTheirIds) {
  const Plan all = make_plan(parse(), "p");
  const Plan few = make_plan(parse({"run.limit=2", "passes.latency=false"}), "p");
  ASSERT_EQ(few.bundles.size(), 4u);
  EXPECT_EQ(few.bundles[0].row.bundle_id, all.bundles[0].row.bundle_id);
  EXPECT_EQ(few.bundles[1].row.bundle_id, all.bundles[1].row.bundle_id);
}

TEST(Plan, AnUnknownSplitIsBadData) {
  try {
    make_plan(parse({R"(data.splits=["refcoco/nowhere"])"}), "p");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
  }
}

}  // namespace
}  // namespace litebench::evaluate
