// scan_bench RUN: seconds that a resuming start spends on the shards of earlier attempts, against reading the same bytes.
// Each is done three times in turn and the least counts (the first round fills the page cache). Ends with 1 when the scan
// takes 3 s or more.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "shards/store/resume.hpp"
#include "shards/store/shard.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;

constexpr double kTarget = 3;
constexpr int kRounds = 3;

struct Cost {
  double wall = 1e300, processor = 1e300;
};

/// The lesser of `cost` and what `work` takes.
template <typename Work>
void measure(Cost& cost, Work work) {
  const auto cpu = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double before = cpu();
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  cost.wall = std::min(cost.wall, wall.count());
  cost.processor = std::min(cost.processor, cpu() - before);
}

std::uint64_t read_all(const std::vector<std::filesystem::path>& shards) {
  std::vector<char> buffer(1 << 20);
  std::uint64_t bytes = 0;
  for (const std::filesystem::path& shard : shards) {
    const int file = ::open(shard.c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t n = 0; (n = ::read(file, buffer.data(), buffer.size())) > 0;)
      bytes += static_cast<std::uint64_t>(n);
    ::close(file);
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const std::filesystem::path run = argv[1];
  const std::vector<std::filesystem::path> shards = store::shards_of(run);
  if (shards.empty()) return 65;
  const std::string family =
      store::visit_shard(shards.front(), [](store::Bundle&&) {}).provenance.family;
  Cost scan, plain;
  store::DoneSet done;
  std::uint64_t bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    measure(scan, [&] { done = store::scan_done(run, {family, {}}); });
    measure(plain, [&] { bytes = read_all(shards); });
  }
  std::int64_t units = 0;
  for (const auto& [bundle, planned] : done.planned_units)
    if (done.bundles.count(bundle) > 0) units += planned;
  test::Ratios ratios("scan", fmt::format("{} shards, {:.0f} MB, {} bundles, {} units, load {}",
                                          shards.size(), 1e-6 * static_cast<double>(bytes),
                                          done.bundles.size(), units, test::load()));
  fmt::print("  {:.2f} s wall, {:.2f} s processor; reading the bytes {:.2f} s\n", scan.wall,
             scan.processor, plain.wall);
  ratios.add(fmt::format("resume scan / {:.0f} s", kTarget), scan.wall / kTarget, {}, 1);
  ratios.add("resume scan / reading the bytes", scan.wall / plain.wall);
  ratios.add("bundles found / bundles there",
             static_cast<double>(done.bundles.size()) /
                 static_cast<double>(std::max<std::size_t>(1, done.planned_units.size())),
             1, 1);
  return ratios.finish();
}
