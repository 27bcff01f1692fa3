// `litebench launch -n RANKS [--launcher mpirun|srun] [--mpirun OPTION]... RUN OPTIONS`
//
// Starts mpirun (or srun in a Slurm allocation) with what this machine needs and restarts the run while attempts make progress.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include "base/error.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/mpirun.hpp"
#include "harness/cli/options.hpp"
#include "harness/cli/programs.hpp"
#include "harness/cli/run_folder.hpp"
#include "shards/unit/keys.hpp"

extern char** environ;

namespace litebench::cli {
namespace {

struct LaunchOptions {
  int ranks = 1;
  std::string launcher = "mpirun";
  std::vector<std::string> mpirun;  ///< handed through to the launcher
  Arguments run;                    ///< of litebench-run
};

LaunchOptions parse(const Arguments& arguments) {
  LaunchOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if ((arguments[i] == "-n" || arguments[i] == "--ranks") && has_value) {
      options.ranks = std::atoi(arguments[++i].c_str());
    } else if (arguments[i] == "--launcher" && has_value) {
      options.launcher = arguments[++i];
    } else if (arguments[i] == "--mpirun" && has_value) {
      options.mpirun.push_back(arguments[++i]);
    } else {
      options.run.push_back(arguments[i]);
    }
  }
  if (options.ranks < 1 || options.ranks > 100'000) {
    throw Error(ExitCode::usage, "cannot launch", "-n wants the number of ranks",
                "for example litebench launch -n 8 --config a.toml");
  }
  if (options.launcher != "mpirun" && options.launcher != "srun") {
    throw Error(ExitCode::usage, "cannot launch",
                fmt::format("\"{}\" is no launcher", options.launcher),
                "use --launcher mpirun or --launcher srun");
  }
  return options;
}

Arguments joined(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// srun ends a step whose rank died only after a while unless it is told to.
Arguments srun_arguments(const LaunchOptions& options, const Arguments& program) {
  Arguments all = {"--mpi=pmix", "--kill-on-bad-exit=1", "-n", std::to_string(options.ranks)};
  all.insert(all.end(), options.mpirun.begin(), options.mpirun.end());
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

volatile std::sig_atomic_t g_child = 0;  // signal handlers can only reach globals
volatile std::sig_atomic_t g_interrupts = 0;

/// The first Ctrl-C asks all ranks to finish their bundle; the second one ends them.
void forward(int signal) {
  g_interrupts = g_interrupts + 1;
  const bool graceful = signal == SIGUSR1 || (signal == SIGINT && g_interrupts == 1);
  if (g_child > 0) ::kill(g_child, graceful ? SIGUSR1 : SIGTERM);
}

/// mpirun or srun in a process group of its own, so that the terminal's Ctrl-C reaches only us.
int run_launcher(const std::string& launcher, const Arguments& arguments) {
  std::vector<char*> argv = {const_cast<char*>(launcher.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, launcher.c_str(), nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    throw Error(ExitCode::usage, fmt::format("cannot start {}", launcher), std::generic_category().message(error),
                "install OpenMPI (openmpi-bin), or start `litebench --config …` without launch on "
                "one rank");
  }
  g_child = child;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  g_child = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool final_code(int code) {
  for (const ExitCode last :
       {ExitCode::complete, ExitCode::incomplete, ExitCode::usage, ExitCode::data, ExitCode::io}) {
    if (code == static_cast<int>(last)) return true;
  }
  return false;
}

/// Whether starting again can help.
class Progress {
 public:
  explicit Progress(std::filesystem::path run)
      : run_(std::move(run)), done_(committed_bundles(run_)), deaths_(deaths(suspects_of(run_))) {}

  bool worth_another_start(int code) {
    const std::size_t done = committed_bundles(run_);
    const std::vector<Suspect> suspects = suspects_of(run_);
    const std::size_t more = done - std::min(done, done_);
    // A bundle that ends its rank is done last by the next start and left out by the one after, so
    // a few starts in a row may finish nothing; more of them are not one bundle's fault.
    const bool accused = deaths(suspects) > deaths_;
    fruitless_ = more > 0 ? 0 : fruitless_ + 1;
    done_ = done;
    deaths_ = deaths(suspects);
    if (more > 0 || (accused && fruitless_ < kMostFruitless)) {
      fmt::print(stderr,
                 "litebench launch: the run ended with code {} after {} more bundles; starting again\n",
                 code, more);
      return true;
    }
    fmt::print(stderr,
               "litebench launch: the run ended with code {} and no bundle was finished since it "
               "started (another start would end the same way); see the messages above and "
               "`litebench status {}`\n",
               code, run_.string());
    for (const Suspect& suspect : suspects) {
      fmt::print(stderr, "  suspect: {}, in work at {} death{}\n", suspect.bundle, suspect.deaths,
                 suspect.deaths == 1 ? "" : "s");
    }
    return false;
  }

 private:
  static constexpr int kMostFruitless = 3;

  static int deaths(const std::vector<Suspect>& suspects) {
    int sum = 0;
    for (const Suspect& suspect : suspects) sum += suspect.deaths;
    return sum;
  }

  std::filesystem::path run_;
  std::size_t done_;
  int deaths_;
  int fruitless_ = 0;
};

}  // namespace

int launch_command(const Arguments& arguments) {
  LaunchOptions options = parse(arguments);
  const RunOptions run =
      parse_run_options(options.run);  // mistakes are told once, not by every rank
  if (run.config.empty()) {
    throw Error(ExitCode::usage, "cannot launch", "--config is missing",
                "give --config sweep.toml");
  }
  const config::Config config = config::load_config(run.config, run.overrides);
  set_mpi_environment(options.ranks);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, forward);
  // The lock of a start that was cut off with its host must not keep the next one waiting.
  ::setenv("LITEBENCH_LAUNCH", unit::attempt_id().c_str(), 1);
  Progress progress(config.output);
  for (int restarts = 0;; ++restarts) {
    ::setenv("LITEBENCH_RESTART_COUNT", std::to_string(restarts).c_str(), 1);
    const Arguments exported = {"-x", "LITEBENCH_LAUNCH", "-x", "LITEBENCH_RESTART_COUNT"};
    Arguments program = {sibling("litebench-run").string()};
    program.insert(program.end(), options.run.begin(), options.run.end());
    const int code = run_launcher(
        options.launcher, options.launcher == "srun"
                              ? srun_arguments(options, program)
                              : mpirun_arguments(options.ranks, joined(exported, options.mpirun), program));
    if (final_code(code)) return code;
    if (g_interrupts > 0) {
      // mpirun answers a SIGTERM with 1 whatever its ranks say
      fmt::print(stderr, "litebench launch: stopped; continue with: litebench launch -n {} --config {}\n",
                 options.ranks, (config.output / "config.toml").string());
      return static_cast<int>(ExitCode::incomplete);
    }
    if (!progress.worth_another_start(code)) return code;
    // An old run may only be moved aside, and what was given up retried, by the first start.
    std::erase(options.run, std::string("--fresh"));
    std::erase(options.run, std::string("--retry"));
  }
}

}  // namespace litebench::cli
