// A deadline per piece of work.

#include "harness/launch/watchdog.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace litebench::launch {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, BarksOnceWhenADeadlinePasses) {
  std::promise<void> barked;
  std::atomic<int> times = 0;
  Watchdog dog([&] {
    if (++times == 1) barked.set_value();
  });
  dog.expect_within(20ms);
  EXPECT_EQ(barked.get_future().wait_for(30s), std::future_status::ready);
  dog.expect_within(0s);
  EXPECT_EQ(times, 1);
}

TEST(Watchdog, IsQuietAboutWorkThatIsDoneInTime) {
  std::atomic<int> times = 0;
  {
    Watchdog dog([&] { ++times; });
    for (int i = 0; i < 1000; ++i) {
      dog.expect_within(3600s);
      dog.done();
    }
    dog.expect_within(3600s);
  }
  EXPECT_EQ(times, 0);
}

TEST(Watchdog, HeedsADeadlineThatIsEarlierThanTheOneItSleepsTo) {
  std::promise<void> barked;
  Watchdog dog([&] { barked.set_value(); });
  dog.expect_within(3600s);
  std::this_thread::sleep_for(5ms);   // most likely asleep now; right either way
  dog.done();
  dog.expect_within(10ms);
  EXPECT_EQ(barked.get_future().wait_for(30s), std::future_status::ready);
}

}  // namespace
}  // namespace litebench::launch
