// Run by weights_bench.py under mpirun: loads the checkpoints below FOLDER in both ways, in turn, with their files in the
// page cache and after dropping them from it, and prints ratios of what all ranks together spent.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <mpi.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/broadcast/host_relay.hpp"
#include "harness/broadcast/load_through.hpp"
#include "harness/broadcast/tables.hpp"
#include "harness/launch/group.hpp"
#include "harness/launch/session.hpp"
#include "model/weights/weights.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;
namespace fs = std::filesystem;

enum class Way { every_rank, one_reader };

/// Of all ranks: processor time and storage bytes are sums, the wall is the slowest rank's.
struct Spent {
  double wall = 0, cpu = 0, read = 0;
};

double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// What the kernel fetched from the disk for this process.
double storage_bytes() {
  std::ifstream io("/proc/self/io");
  for (std::string line; std::getline(io, line);) {
    if (line.starts_with("read_bytes:")) return std::stod(line.substr(11));
  }
  return 0;
}

/// Clean pages that nobody maps leave the page cache.
void drop(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int fd = ::open(entry.path().c_str(), O_RDONLY);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

class Bench {
 public:
  Bench(const launch::Group& all, fs::path checkpoints, int machine)
      : all_(all), folder_(std::move(checkpoints)), machine_(machine) {}

  /// One load, whose model is gone afterwards.
  Spent load(Way way, bool cold) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (cold && all_.rank() == 0) drop(folder_);
    MPI_Barrier(MPI_COMM_WORLD);
    const double cpu = cpu_seconds(), read = storage_bytes();
    const auto begin = std::chrono::steady_clock::now();
    way == Way::every_rank ? load_own() : load_from_rank_0();
    Spent mine{std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
               cpu_seconds() - cpu, storage_bytes() - read};
    Spent sum;
    MPI_Allreduce(&mine.wall, &sum.wall, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(&mine.cpu, &sum.cpu, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sum;
  }

 private:
  [[nodiscard]] std::string copy(int machine, const char* name) const {
    return (folder_ / std::to_string(machine) / name).string();
  }
  void load_own() const {
    static_cast<void>(model::load_model(copy(machine_, "glamm"), copy(machine_, "clip"), {}));
  }
  void load_from_rank_0() const {
    std::string text;
    if (all_.rank() == 0)
      text = broadcast::to_text(*model::open_checkpoint(copy(0, "glamm")),
                                *model::open_checkpoint(copy(0, "clip")));
    const broadcast::Tables tables = broadcast::from_text(all_.broadcast(text));
    broadcast::HostRelay relay(all_);
    static_cast<void>(
        broadcast::load_through(relay, copy(0, "glamm"), copy(0, "clip"), {}, tables));
  }

  const launch::Group& all_;
  fs::path folder_;
  int machine_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Ratios "every rank / one reader" of interleaved rounds; above 1 one reader is the better.
void compare(Bench& bench, const std::string& name, bool cold, int machines, int rounds,
             test::Ratios* out) {
  std::vector<double> wall, cpu, read;
  Spent last_every, last_one;
  static_cast<void>(bench.load(Way::every_rank, cold));
  for (int round = 0; round < rounds; ++round) {
    last_every = bench.load(Way::every_rank, cold);
    last_one = bench.load(Way::one_reader, cold);
    wall.push_back(last_every.wall / last_one.wall);
    cpu.push_back(last_every.cpu / last_one.cpu);
    read.push_back(last_every.read / std::max(last_one.read, 1.0));
  }
  if (out == nullptr) return;
  fmt::print(
      "    {}: every rank {:.2f} s, {:.2f} s of processors, {:.0f} MiB from storage; one reader "
      "{:.2f} s, {:.2f} s, {:.0f} MiB\n",
      name, last_every.wall, last_every.cpu, last_every.read / (1 << 20), last_one.wall,
      last_one.cpu, last_one.read / (1 << 20));
  const std::string what = "every rank / one reader, " + name + ": ";
  if (cold) out->add(what + "storage", median(read), 0.95 * machines);
  out->add(what + "processors", median(cpu));
  out->add(what + "wall", median(wall));
}

}  // namespace

int main(int argc, char** argv) {
  launch::Session session;
  if (argc < 3 || session.size() < 2) {
    fmt::print(stderr, "mpirun -n RANKS weights_bench FOLDER ROUNDS\n");
    return 64;
  }
  at::set_num_threads(1);
  const launch::Group all(session, launch::Group::Seconds(120));
  const launch::Group node = all.node();
  const int leads = node.rank() == 0 ? 1 : 0;
  std::array<int, 2> counted{leads, leads};
  MPI_Allreduce(&leads, &counted[0], 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);  // machines
  MPI_Scan(&leads, &counted[1], 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);       // this rank's, from 1
  std::optional<test::Ratios> ratios;
  if (session.rank() == 0)
    ratios.emplace("weights", fmt::format("geometry mid in fp32, {} ranks on {} made-up machines "
                                          "with files of their own, median of {} rounds, load {}",
                                          session.size(), counted[0], argv[2], test::load()));
  for (const auto* kind : {"float32", "published"}) {
    Bench bench(all, fs::path(argv[1]) / kind, counted[1] - 1);
    for (const bool cold : {false, true})
      compare(bench, fmt::format("{}, {}", kind, cold ? "cold" : "cached"), cold, counted[0],
              std::atoi(argv[2]), ratios ? &*ratios : nullptr);
  }
  return ratios ? ratios->finish() : 0;
}
