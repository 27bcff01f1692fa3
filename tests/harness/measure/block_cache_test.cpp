#include "harness/measure/block_cache.hpp"

#include <cstring>
#include <thread>

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

namespace litebench::measure {
namespace {

constexpr std::size_t kBig = std::size_t{3} << 20;

TEST(BlockCache, ABlockIsGivenAgainToWhoeverWantsItsSize) {
  BlockCache cache;
  void* first = cache.take(kBig);
  void* second = cache.take(kBig);
  EXPECT_NE(first, second);
  cache.give(first, kBig);
  EXPECT_EQ(cache.kept_bytes(), BlockCache::capacity(kBig));
  EXPECT_EQ(cache.take(kBig - 1000), first);  // the same size class
  EXPECT_EQ(cache.kept_bytes(), 0U);
  cache.give(first, kBig - 1000);
  cache.give(second, kBig);
}

TEST(BlockCache, RoundsUpByAnEighthAtMostAndSmallOnesNotAtAll) {
  EXPECT_EQ(BlockCache::capacity(100), 100U);
  for (std::size_t bytes = BlockCache::kSmallest; bytes < kBig; bytes = bytes * 21 / 20 + 1) {
    EXPECT_GE(BlockCache::capacity(bytes), bytes);
    EXPECT_LE(BlockCache::capacity(bytes), bytes + bytes / 8 + 1);
  }
  EXPECT_EQ(BlockCache::capacity(kBig), kBig);
}

TEST(BlockCache, UsedAndKeptTogetherNeverExceedTheMostThatWasUsedAtOnce) {
  BlockCache cache;
  void* one = cache.take(kBig);
  void* two = cache.take(kBig);
  cache.give(one, kBig);
  cache.give(two, kBig);
  EXPECT_EQ(cache.kept_bytes(), 2 * kBig);
  // Another size: the block that was kept longest goes back to the system.
  void* other = cache.take(kBig / 2);
  EXPECT_EQ(cache.kept_bytes(), kBig);
  EXPECT_EQ(cache.take(kBig), two);
  cache.give(two, kBig);
  cache.give(other, kBig / 2);
}

TEST(BlockCache, ABlockThatDoesNotFitThisMachineChangesNothing) {
  BlockCache cache;
  void* block = cache.take(kBig);
  cache.give(block, kBig);
  EXPECT_THROW(cache.take(std::size_t{1} << 60), c10::Error);
  void* small = cache.take(kBig / 2);
  EXPECT_LE(cache.kept_bytes() + kBig / 2, kBig);
  cache.give(small, kBig / 2);
}

TEST(BlockCache, SmallBlocksAreNotKept) {
  BlockCache cache;
  cache.give(cache.take(BlockCache::kSmallest - 1), BlockCache::kSmallest - 1);
  EXPECT_EQ(cache.kept_bytes(), 0U);
}

TEST(BlockCache, ThreadsNeverGetTheSameBlock) {
  BlockCache cache;
  std::atomic<int> clashes = 0;
  {
    std::vector<std::jthread> threads;
    for (int id = 1; id <= 4; ++id) {
      threads.emplace_back([&, id] {
        for (int i = 0; i < 200; ++i) {
          const std::size_t bytes = BlockCache::kSmallest * static_cast<std::size_t>(1 + i % 3);
          auto* data = static_cast<unsigned char*>(cache.take(bytes));
          std::memset(data, id, bytes);
          for (std::size_t at = 0; at < bytes; at += 1000) clashes += data[at] != id;
          cache.give(data, bytes);
        }
      });
    }
  }
  EXPECT_EQ(clashes, 0);
}

}  // namespace
}  // namespace litebench::measure
