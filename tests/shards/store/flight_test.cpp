// Which bundle a process had in work when it died.

#include "shards/store/flight.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/shards/store/child.hpp"
#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

std::filesystem::path shard_in(const sample::Scratch& run) {
  std::filesystem::create_directories(run.path() / "shards");
  return run.path() / "shards" / "20250101T000000Z-a-1-0-r3.h5";
}

/// What is found after a process did `act` and died without a word.
std::vector<Flight> flights_after(const sample::Scratch& run, const std::function<void(FlightMark&)>& act) {
  const auto shard = shard_in(run);
  sample::wait_child(sample::start_child([&]() -> int {
    FlightMark mark(shard);
    act(mark);
    ::raise(SIGKILL);
    return 0;
  }));
  return flights_of(run.path());
}

TEST(Flight, NamesWhatAKilledProcessHadInWork) {
  const sample::Scratch run;
  const auto flights = flights_after(run, [](FlightMark& mark) {
    mark.working(17);
    mark.working(0);
    mark.preparing(0xfedcba9876543210);
    mark.working(3);
  });
  ASSERT_EQ(flights.size(), 1U);
  EXPECT_EQ(flights[0].shard, "20250101T000000Z-a-1-0-r3.h5");
  EXPECT_EQ(flights[0].bundles, (std::vector<std::uint64_t>{3, 0xfedcba9876543210}));
  EXPECT_FALSE(flights[0].timed_out);
}

TEST(Flight, WhatIsPreparedIsNotInWorkAndWhatIsBegunIsNotInPreparation) {
  const sample::Scratch run;
  EXPECT_EQ(flights_after(run, [](FlightMark& mark) {
              mark.preparing(5);
              mark.prepared(5);
            }).at(0).bundles, std::vector<std::uint64_t>{});
  const sample::Scratch other;
  EXPECT_EQ(flights_after(other, [](FlightMark& mark) {
              mark.preparing(5);
              mark.working(5);
            }).at(0).bundles, std::vector<std::uint64_t>{5});
}

TEST(Flight, TellsADeadlineFromADeath) {
  const sample::Scratch run;
  const auto flights = flights_after(run, [](FlightMark& mark) {
    mark.working(5);
    mark.preparing(6);
    mark.timed_out();
  });
  ASSERT_EQ(flights.size(), 1U);
  EXPECT_TRUE(flights[0].timed_out);
  EXPECT_EQ(flights[0].bundles, std::vector<std::uint64_t>{5}) << "nobody blames the one that was only prepared";
}

TEST(Flight, BlamesNothingWhenTheProcessLeavesByOrder) {
  const sample::Scratch run;
  const auto flights = flights_after(run, [](FlightMark& mark) {
    mark.working(5);
    mark.land();
    mark.working(6);   // the computing thread does not know yet
  });
  ASSERT_EQ(flights.size(), 1U);
  EXPECT_TRUE(flights[0].bundles.empty());
}

TEST(Flight, GoesWithAnOrderlyEndAndStaysWithAnException) {
  const sample::Scratch run;
  {
    FlightMark mark(shard_in(run));
    mark.working(5);
    EXPECT_EQ(flights_of(run.path()).size(), 1U) << "is there while it lives";
    mark.working(0);
  }
  EXPECT_TRUE(flights_of(run.path()).empty());
  { FlightMark(shard_in(run)).working(5); }
  EXPECT_EQ(flights_of(run.path()).size(), 1U);
}

TEST(Flight, ADamagedMarkIsNone) {
  const sample::Scratch run;
  std::ofstream(shard_in(run).replace_extension(".flight")) << "in-work 00000000000000zz 0000000000000000          \n";
  EXPECT_TRUE(flights_of(run.path()).empty());
  EXPECT_TRUE(flights_of(run.path() / "nowhere").empty());
}

}  // namespace
}  // namespace litebench::store
