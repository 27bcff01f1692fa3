// `litebench chaos --config SWEEP --seed S --kills K [--ranks R] [--corrupt N]`
//
// Runs a sweep once in peace. Then runs it again and hurts it at random moments: kill -9 of a rank,
// of the whole job or of mpirun, frozen ranks, orders to stop, a disk that is full, flipped bits in
// shards; each time it is started again with another number of ranks. A run that gets to its end
// must have the rows and tables of the one in peace, and no bundle that was committed may have been
// lost or done at another time. It repeats that until K kills have been dealt.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"
#include "harness/cli/chaos_check.hpp"
#include "harness/cli/chaos_job.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/mpirun.hpp"
#include "harness/cli/options.hpp"

namespace litebench::cli {
namespace {

namespace fs = std::filesystem;
using chaos::Job;

struct ChaosOptions {
  std::uint64_t seed = 1;
  int kills = 20, ranks = 8, corrupt = 0;
  Arguments run;  ///< of litebench-run
};

int number(const Arguments& arguments, std::size_t at, const char* name) {
  int value = -1;
  if (at < arguments.size()) {
    const std::string& text = arguments[at];
    std::from_chars(text.data(), text.data() + text.size(), value);
  }
  if (value < 0) {
    throw Error(ExitCode::usage, "cannot hurt a run", fmt::format("{} wants a number", name),
                "for example litebench chaos --config a.toml --seed 1 --kills 20");
  }
  return value;
}

ChaosOptions parse(const Arguments& arguments) {
  ChaosOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--seed") {
      options.seed = static_cast<std::uint64_t>(number(arguments, ++i, "--seed"));
    } else if (word == "--kills") {
      options.kills = number(arguments, ++i, "--kills");
    } else if (word == "--ranks") {
      options.ranks = std::max(1, number(arguments, ++i, "--ranks"));
    } else if (word == "--corrupt") {
      options.corrupt = number(arguments, ++i, "--corrupt");
    } else {
      options.run.push_back(word);
    }
  }
  return options;
}

/// The data set with `count` pictures cut short; everything else are links into it.
fs::path corrupted_copy(const fs::path& root, const fs::path& copy, int count, std::mt19937_64& random) {
  constexpr std::size_t kMostFiles = 20'000;
  std::vector<fs::path> pictures;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const fs::path there = copy / fs::relative(entry.path(), root);
    if (entry.is_directory()) {
      fs::create_directories(there);
      continue;
    }
    if (++files > kMostFiles) {
      throw Error(ExitCode::usage, "cannot corrupt pictures",
                  fmt::format("{} holds more than {} files", root.string(), kMostFiles),
                  "use --corrupt with a small data set");
    }
    fs::create_symlink(fs::absolute(entry.path()), there);
    if (there.extension() == ".jpg") pictures.push_back(there);
  }
  std::sort(pictures.begin(), pictures.end());
  std::shuffle(pictures.begin(), pictures.end(), random);
  for (std::size_t i = 0; i < std::min(pictures.size(), static_cast<std::size_t>(count)); ++i) {
    const fs::path original = fs::read_symlink(pictures[i]);
    fs::remove(pictures[i]);
    fs::copy_file(original, pictures[i]);
    fs::resize_file(pictures[i], fs::file_size(original) / 2);
  }
  return copy;
}

enum class Event : std::uint8_t {
  kill_rank, kill_job, kill_mpirun, freeze_rank, graceful_stop, terminate, full_disk, flip_bit
};
constexpr std::array<const char*, 8> kNames{"kill -9 of a rank", "kill -9 of the whole job",
                                            "kill -9 of mpirun", "frozen rank",
                                            "SIGUSR1",           "SIGTERM",
                                            "full disk",         "flipped bit"};

bool is_kill(Event event) { return event <= Event::kill_mpirun; }

class Chaos {
 public:
  Chaos(ChaosOptions options, fs::path folder)
      : options_(std::move(options)), folder_(std::move(folder)), random_(options_.seed) {}

  int run(const config::Config& config) {
    fs::create_directories(folder_);
    for (const char* old : {"peace", "hurt", "data"}) fs::remove_all(folder_ / old);
    // No kill here is a bundle's fault.
    options_.run.insert(options_.run.end(), {"--set", "run.quarantine=0"});
    if (options_.corrupt > 0) {
      const fs::path data = corrupted_copy(config.root, folder_ / "data", options_.corrupt, random_);
      options_.run.insert(options_.run.end(), {"--set", "data.root=\"" + data.string() + "\""});
    }
    const auto begin = std::chrono::steady_clock::now();
    const int code = Job(1, arguments_for("peace"), log()).wait(1e9).value_or(-1);
    if (code != 0) {
      throw Error(ExitCode::data, "the run in peace failed", fmt::format("it ended with code {}", code),
                  fmt::format("see {}", log().string()));
    }
    peace_seconds_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("in peace: {:.1f} s on one rank\n", peace_seconds_);
    while (kills_ < options_.kills && failures_ == 0) round();
    fmt::print("{} kills, {} other disturbances, {} finished runs, {} bundles followed, {} failures\n",
               kills_, others_, rounds_, followed_, failures_);
    return failures_ == 0 ? 0 : static_cast<int>(ExitCode::data);
  }

 private:
  [[nodiscard]] fs::path log() const { return folder_ / "log.txt"; }
  [[nodiscard]] Arguments arguments_for(const char* name) const {
    Arguments all = options_.run;
    all.insert(all.end(), {"--output", (folder_ / name).string(), "--log-level", "quiet"});
    return all;
  }

  /// Hurts one run until it is complete in spite of it, then compares.
  void round() {
    fs::remove_all(folder_ / "hurt");
    chaos::Ledger ledger(folder_ / "hurt");
    while (failures_ == 0) {
      const bool quiet = kills_ >= options_.kills;
      const int code = start(ledger, quiet ? std::nullopt : std::optional(pick()));
      for (const std::string& lost : ledger.look()) fail(lost);
      if (code == 0) break;
      if (quiet && code != static_cast<int>(ExitCode::restart))
        return fail(fmt::format("a start that nobody disturbed ended with code {}", code));
    }
    if (failures_ > 0) return;
    followed_ += ledger.bundles();
    ++rounds_;
    for (const std::string& difference : chaos::differences_of_runs(folder_ / "peace", folder_ / "hurt"))
      fail("rows differ: " + difference);
    fmt::print("  complete: equal to the run in peace: {}\n", failures_ == 0 ? "yes" : "NO");
  }

  /// One start with at most one disturbance; its exit code.
  int start(chaos::Ledger& ledger, std::optional<Event> event) {
    const int ranks = std::uniform_int_distribution<int>(1, options_.ranks)(random_);
    if (event == Event::flip_bit) {
      const std::string what = ledger.flip_a_bit(random_());
      if (!what.empty()) tell(0, *event, ranks, what);
      event.reset();
    }
    const long limit_kib =
        event == Event::full_disk ? std::uniform_int_distribution<long>(70, 400)(random_) : 0;
    Job job(ranks, arguments_for("hurt"), log(), limit_kib);
    const double moment = std::uniform_real_distribution<double>(0, 1.2 * peace_seconds_)(random_);
    if (event && *event != Event::full_disk && !job.wait(moment)) hurt(job, *event);
    const int code = wait_for_end(job);
    if (event) tell(moment, *event, ranks, fmt::format("code {}", code));
    if (event == Event::full_disk && code != 0 && code != static_cast<int>(ExitCode::io))
      fail(fmt::format("a full disk ended with code {}", code));
    return code;
  }

  Event pick() {
    // Seven of ten are kills.
    if (std::uniform_int_distribution<int>(0, 9)(random_) < 7)
      return static_cast<Event>(std::uniform_int_distribution<int>(0, 2)(random_));
    return static_cast<Event>(std::uniform_int_distribution<int>(3, 7)(random_));
  }

  void hurt(Job& job, Event event) {
    const std::vector<pid_t> ranks = job.ranks();
    const pid_t victim = ranks.empty() ? job.mpirun() : ranks[random_() % ranks.size()];
    switch (event) {
      case Event::kill_rank: ::kill(victim, SIGKILL); break;
      case Event::kill_job: job.kill_all(); break;
      case Event::kill_mpirun: ::kill(job.mpirun(), SIGKILL); break;
      case Event::freeze_rank:
        ::kill(victim, SIGSTOP);
        job.wait(15);
        ::kill(victim, SIGCONT);
        break;
      case Event::graceful_stop: ::kill(job.mpirun(), SIGUSR1); break;
      case Event::terminate: ::kill(job.mpirun(), SIGTERM); break;
      default: break;
    }
    if (is_kill(event)) ++kills_;
  }

  /// A rank whose mpirun was killed may live a moment longer; the next start must not meet it.
  int wait_for_end(Job& job) {
    constexpr double kPatience = 600;
    const std::optional<int> code = job.wait(kPatience);
    if (!code) fail("a job hangs");
    for (int tries = 0; tries < 500 && !job.ranks().empty(); ++tries) ::usleep(20'000);
    job.kill_all();
    return code.value_or(-1);
  }

  void tell(double moment, Event event, int ranks, const std::string& result) {
    if (!is_kill(event)) ++others_;
    fmt::print("[{} kills] {} rank{}, after {:.2f} s: {}: {}\n", kills_, ranks, ranks == 1 ? "" : "s",
               moment, kNames[static_cast<std::size_t>(event)], result);
    std::fflush(stdout);
  }

  void fail(const std::string& what) {
    ++failures_;
    fmt::print("FAILED: {}\n", what);
  }

  ChaosOptions options_;
  fs::path folder_;
  std::mt19937_64 random_;
  double peace_seconds_ = 0;
  int kills_ = 0, others_ = 0, rounds_ = 0, failures_ = 0;
  std::size_t followed_ = 0;
};

}  // namespace

int chaos_command(const Arguments& arguments) {
  ChaosOptions options = parse(arguments);
  const RunOptions run = parse_run_options(options.run);
  if (run.config.empty()) {
    throw Error(ExitCode::usage, "cannot hurt a run", "--config is missing", "give --config sweep.toml");
  }
  const config::Config config = config::load_config(run.config, run.overrides);
  set_mpi_environment(options.ranks);
  fs::path folder = config.output;
  folder += fmt::format("-chaos-{}", options.seed);
  std::erase(options.run, std::string("--fresh"));
  for (const char* with_value : {"--output", "--log-level"}) {
    const auto at = std::find(options.run.begin(), options.run.end(), with_value);
    if (at != options.run.end() && std::next(at) != options.run.end()) options.run.erase(at, at + 2);
  }
  return Chaos(std::move(options), folder).run(config);
}

}  // namespace litebench::cli
