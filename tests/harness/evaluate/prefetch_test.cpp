// Preparing ahead when the next group is known late, as it is on every rank that asks for it while it computes.

#include "harness/evaluate/prefetch.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

using namespace std::chrono_literals;

struct Late {
  std::atomic<int> answer{-1}, asked{0}, prepared{0};
  std::atomic<bool> suspect{false};
  Prefetch<std::string> prefetch{
      [this]() -> std::optional<std::uint32_t> {
        ++asked;
        const int known = answer;
        return known < 0 ? std::nullopt : std::optional<std::uint32_t>(known);
      },
      [this](std::uint32_t index) -> std::optional<std::string> {
        if (suspect) return std::nullopt;
        ++prepared;
        if (index == 13) throw std::runtime_error("unlucky");
        return "group " + std::to_string(index);
      }};

  // Only ends the test when the helper never gets there.
  static bool soon(const auto& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
  }
};

TEST(Prefetch, PreparesAGroupThatBecomesKnownWhileAnotherIsComputed) {
  Late late;
  late.prefetch.start();
  ASSERT_TRUE(Late::soon([&] { return late.asked >= 3; }));
  EXPECT_EQ(late.prepared, 0);
  late.answer = 7;
  ASSERT_TRUE(Late::soon([&] { return late.prepared == 1; }));
  EXPECT_EQ(late.prefetch.take(7), "group 7");
}

TEST(Prefetch, DoesNotAskAfterItHasSettled) {
  Late late;
  late.prefetch.start();
  ASSERT_TRUE(Late::soon([&] { return late.asked >= 1; }));
  late.prefetch.settle();
  const int asked = late.asked;
  late.answer = 7;
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(late.asked, asked);
  EXPECT_EQ(late.prefetch.take(7), std::nullopt);
  EXPECT_EQ(late.prepared, 0);
}

TEST(Prefetch, GivesNothingForAnotherGroupForOneThatMustWaitAndWithoutAStart) {
  Late late;
  EXPECT_EQ(late.prefetch.take(1), std::nullopt);
  late.answer = 7;
  late.prefetch.start();
  ASSERT_TRUE(Late::soon([&] { return late.prepared == 1; }));
  EXPECT_EQ(late.prefetch.take(8), std::nullopt);
  EXPECT_EQ(late.prefetch.take(7), std::nullopt) << "taken before";
  late.suspect = true;
  late.prefetch.start();
  EXPECT_EQ(late.prefetch.take(7), std::nullopt);
}

TEST(Prefetch, ThrowsWhatPreparingThrew) {
  Late late;
  late.answer = 13;
  late.prefetch.start();
  ASSERT_TRUE(Late::soon([&] { return late.prepared == 1; }));
  EXPECT_THROW(late.prefetch.take(13), std::runtime_error);
}

TEST(Prefetch, EndsWhileNothingIsKnown) {
  Late late;
  late.prefetch.start();
  ASSERT_TRUE(Late::soon([&] { return late.asked >= 1; }));
}

}  // namespace
}  // namespace litebench::evaluate
