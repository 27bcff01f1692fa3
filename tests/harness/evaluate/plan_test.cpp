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

std::vector<std::int64_t> images_of(const GroupPlan& group) {
  std::vector<std::int64_t> ids;
  for (const BundlePlan& bundle : group.members) ids.push_back(bundle.row.image_id);
  return ids;
}

TEST(Plan, GroupsAreNeighboursAndTheLastOfASplitMayBeSmaller) {
  const Plan alone = make_plan(parse(), "p"), plan = make_plan(parse({"model.images_per_bundle=3"}), "p");
  ASSERT_EQ(alone.groups.size(), 14u);
  ASSERT_EQ(plan.groups.size(), 2 * 2 + 4u);   // 5 images are 3 + 2; latency times each alone
  std::vector<std::int64_t> before, after;
  for (const GroupPlan& group : alone.groups) before.push_back(group.members.front().row.image_id);
  for (const GroupPlan& group : plan.groups) {
    for (const std::int64_t image : images_of(group)) after.push_back(image);
    EXPECT_EQ(group.recorded, group.members.size());
  }
  EXPECT_EQ(after, before);
  EXPECT_EQ(plan.groups[0].members.size(), 3u);
  EXPECT_EQ(plan.groups[1].members.size(), 2u);
  EXPECT_EQ(plan.groups[4].pass(), store::Pass::latency);
}

TEST(Plan, ALimitThatCutsAGroupLeavesItWholeAndRecordsWhatIsWithin) {
  const Plan all = make_plan(parse({"model.images_per_bundle=3", "passes.latency=false"}), "p");
  const Plan few = make_plan(parse({"model.images_per_bundle=3", "passes.latency=false", "run.limit=2"}), "p");
  ASSERT_EQ(few.groups.size(), 2u);   // one per split
  EXPECT_EQ(images_of(few.groups[0]), images_of(all.groups[0]));
  EXPECT_EQ(images_of(few.groups[1]), images_of(all.groups[2]));
  ASSERT_EQ(few.bundles.size(), 4u);
  EXPECT_EQ(few.groups[0].recorded, 2u);
  EXPECT_EQ(few.bundles[0].row.bundle_id, all.bundles[0].row.bundle_id);
  EXPECT_EQ(few.groups[0].id(), few.bundles[1].row.bundle_id);
  for (const SplitPlan& split : few.splits) EXPECT_EQ(split.planned, 2u);
}

TEST(Plan, TheLatencyPassChoosesAmongImagesWithinTheLimit) {
  const Plan alone = make_plan(parse({"run.limit=1", "passes.accuracy=false"}), "p");
  const Plan plan = make_plan(parse({"run.limit=1", "passes.accuracy=false", "model.images_per_bundle=4"}), "p");
  ASSERT_EQ(plan.bundles.size(), 2u);   // of two asked for, one is there
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(plan.bundles[i].row.bundle_id, alone.bundles[i].row.bundle_id);
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
