#include "shards/store/log_reader_process.hpp"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tests/shards/store/sample_shard.hpp"

namespace litebench::store {
namespace {

TEST(LogReaders, ThreadsShareThemAndTheyEndInAnyOrder) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "a-r0.h5";
  {
    ShardWriter writer(path, sample::provenance());
    Bundle bundle = sample::bundle(7);
    writer.commit(bundle);
  }
  for (int round = 0; round < 20; ++round) {
    LogReaders readers(3);
    std::vector<std::size_t> bundles(6);
    {
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < bundles.size(); ++t) {
        threads.emplace_back(
            [&, t] { bundles[t] = read_shard(path, Rows::all, &readers).bundles.size(); });
      }
    }
    EXPECT_EQ(std::count(bundles.begin(), bundles.end(), 1U), 6);
  }
}

TEST(LogReaders, WhatIsNoHdf5FileIsNamed) {
  const sample::Scratch scratch;
  const auto path = scratch.path() / "b-r0.h5";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("no HDF5", file);
  std::fclose(file);
  LogReaderProcess reader;
  EXPECT_EQ(reader.find(path, 1024).failure, "libhdf5 cannot read it");
  EXPECT_EQ(reader.read(scratch.path() / "missing.h5", 1024).failure, "libhdf5 cannot read it");
}

}  // namespace
}  // namespace litebench::store
