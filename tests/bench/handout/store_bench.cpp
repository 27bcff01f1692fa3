// What committing a bundle costs, against writing the same bytes to a plain file. store_bench FOLDER [UNITS]

#include <chrono>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "shards/store/resume.hpp"
#include "tests/shards/store/sample_shard.hpp"
#include "tests/support/ratios.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace litebench::store;
  if (argc < 2) return 64;
  const std::filesystem::path run =
      std::filesystem::path(argv[1]) / fmt::format("store-bench-{}", ::getpid());
  const int units = argc > 2 ? std::atoi(argv[2]) : 22;
  constexpr int kBundles = 2000;
  const auto path = run / "shards" / "20250101T000000Z-bench-1-0-r0.h5";
  const Provenance provenance = sample::provenance();

  double commit_seconds = 0;
  {
    ShardWriter writer(path, provenance);
    for (std::uint64_t i = 0; i < kBundles; ++i) {
      Bundle bundle = sample::bundle(i, units);
      const auto begin = Clock::now();
      writer.commit(bundle);
      commit_seconds += seconds_since(begin);
    }
    writer.close();
  }
  const auto bytes = std::filesystem::file_size(path);
  const std::vector<char> buffer(bytes / kBundles, 'x');
  const int fd = ::open((run / "plain").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  auto begin = Clock::now();
  for (int i = 0; i < kBundles; ++i) {
    if (::write(fd, buffer.data(), buffer.size()) < 0) return 74;
  }
  const double plain_seconds = seconds_since(begin);
  ::close(fd);

  begin = Clock::now();
  const DoneSet done = scan_done(run, {provenance.family, {}});
  const double scan_seconds = seconds_since(begin);
  fmt::print(
      "commit of {} units, {} bytes: {:.1f} us, {:.1f} times a plain write; scan {:.0f} MB/s, "
      "{:.0f} bundles/s\n",
      units, buffer.size(), 1e6 * commit_seconds / kBundles, commit_seconds / plain_seconds,
      1e-6 * static_cast<double>(bytes) / scan_seconds,
      static_cast<double>(done.bundles.size()) / scan_seconds);
  litebench::test::Ratios ratios(
      "store", fmt::format("{} bundles of {} units, {} bytes each, load {}", kBundles, units,
                           buffer.size(), litebench::test::load()));
  ratios.add("commit / plain write", commit_seconds / plain_seconds);
  ratios.add("scan / plain write of all", scan_seconds / plain_seconds);
  ratios.add("bundles found / bundles there", static_cast<double>(done.bundles.size()) / kBundles,
             1, 1);
  std::filesystem::remove_all(run);
  return ratios.finish();
}
