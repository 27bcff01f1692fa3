#include "shards/unit/keys.hpp"

#include <array>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace litebench::unit {
namespace {

TEST(Keys, ChangeWithEveryNameValueAndOrder) {
  const std::set<std::string> keys{
      key_of({}),
      key_of({{"a", "b"}}),
      key_of({{"ab", ""}}),
      key_of({{"", "ab"}}),
      key_of({{"a", "b"}, {"", ""}}),
      key_of({{"a", "b"}, {"c", "d"}}),
      key_of({{"c", "d"}, {"a", "b"}}),
      key_of({{"a", "b1:c1:d"}}),
  };
  EXPECT_EQ(keys.size(), 8U);
  for (const std::string& key : keys) EXPECT_EQ(key.size(), 32U);
  EXPECT_EQ(key_of({{"a", "b"}}), key_of({{"a", "b"}}));
}

TEST(Keys, OfARunDependOnTheirOwnPartsOnly) {
  Keys keys{{{"dtype", "fp32"}}, {{"variants", "none"}}, {{"splits", "refcoco/val"}}};
  Keys other = keys;
  other.plan_parts[0].second = "refcoco/testA";
  EXPECT_EQ(keys.family(), other.family());
  EXPECT_EQ(keys.pack(), other.pack());
  EXPECT_NE(keys.plan(), other.plan());
}

TEST(SampleIds, DifferInEveryArgument) {
  const Parts protocol{{"turns", "upto3"}};
  const std::set<std::uint64_t> ids{
      sample_id("refcoco", "refcoco/val", protocol, 17, 1, 0), sample_id("refcoco+", "refcoco/val", protocol, 17, 1, 0),
      sample_id("refcoco", "refcoco/testA", protocol, 17, 1, 0), sample_id("refcoco", "refcoco/val", {}, 17, 1, 0),
      sample_id("refcoco", "refcoco/val", protocol, 18, 1, 0), sample_id("refcoco", "refcoco/val", protocol, 17, 2, 0),
      sample_id("refcoco", "refcoco/val", protocol, 17, 1, 1),
  };
  EXPECT_EQ(ids.size(), 7U);
}

TEST(BundleIds, DifferInEveryArgument) {
  const std::array<std::int64_t, 2> images{1, 2};
  const std::array<std::int64_t, 2> swapped{2, 1};
  const std::array<std::int64_t, 1> joined{12};
  const std::set<std::uint64_t> ids{
      bundle_id("p", "accuracy", "d", "s", "x", images), bundle_id("q", "accuracy", "d", "s", "x", images),
      bundle_id("p", "latency", "d", "s", "x", images),  bundle_id("p", "accuracy", "e", "s", "x", images),
      bundle_id("p", "accuracy", "d", "t", "x", images), bundle_id("p", "accuracy", "d", "s", "y", images),
      bundle_id("p", "accuracy", "d", "s", "x", swapped), bundle_id("p", "accuracy", "d", "s", "x", joined),
  };
  EXPECT_EQ(ids.size(), 8U);
}

TEST(AttemptIds, SortByStartAndAreSafeFileNames) {
  using Clock = std::chrono::system_clock;
  const auto early = attempt_id(Clock::from_time_t(1'738'367'999), "node/1 a-b", 4711, 2);
  EXPECT_EQ(early, "20250131T235959Z-node_1_a_b-4711-2");   // date -u -d @1738367999
  EXPECT_LT(early, attempt_id(Clock::from_time_t(1'738'368'000), "a", 1, 0));
  ::setenv("SLURM_RESTART_COUNT", "5", 1);
  EXPECT_EQ(attempt_id().substr(attempt_id().size() - 2), "-5");
  ::unsetenv("SLURM_RESTART_COUNT");
}

}  // namespace
}  // namespace litebench::unit
