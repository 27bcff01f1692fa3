// `litebench launch -n RANKS [--mpirun OPTION]... RUN OPTIONS`
//
// Starts mpirun with what this machine needs and restarts the run while attempts make progress.
// What is added, and why:
//   root            OpenMPI refuses root without two variables; we set them only for root
//   --oversubscribe ranks beyond the slots mpirun counted; then also mpi_yield_when_idle, or
//                   waiting ranks starve working ones
//   --bind-to none  mpirun binds two ranks to one core each, which starves ranks with threads
//   keepalive       a cut cable is noticed after 10 s instead of 8 minutes

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include "base/error.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/options.hpp"
#include "harness/cli/programs.hpp"
#include "harness/cli/run_folder.hpp"

extern char** environ;

namespace litebench::cli {
namespace {

struct LaunchOptions {
  int ranks = 1;
  std::vector<std::string> mpirun;  ///< handed through
  Arguments run;                    ///< of litebench-run
};

LaunchOptions parse(const Arguments& arguments) {
  LaunchOptions options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if ((arguments[i] == "-n" || arguments[i] == "--ranks") && has_value) {
      options.ranks = std::atoi(arguments[++i].c_str());
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
  return options;
}

Arguments mpirun_arguments(const LaunchOptions& options) {
  Arguments all = {"-n", std::to_string(options.ranks), "--oversubscribe", "--bind-to", "none"};
  for (const auto& [key, value] :
       {std::pair("oob_tcp_keepalive_time", "5"), std::pair("oob_tcp_keepalive_intvl", "2"),
        std::pair("oob_tcp_keepalive_probes", "3")}) {
    all.insert(all.end(), {"--mca", key, value});
  }
  all.insert(all.end(), options.mpirun.begin(), options.mpirun.end());
  all.push_back(sibling("litebench-run").string());
  all.insert(all.end(), options.run.begin(), options.run.end());
  return all;
}

void set_environment(int ranks) {
  if (::geteuid() == 0) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  }
  if (ranks > static_cast<int>(std::thread::hardware_concurrency()))
    ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  point_to_libtorch();
}

volatile std::sig_atomic_t g_child = 0;  // signal handlers can only reach globals
volatile std::sig_atomic_t g_interrupts = 0;

/// The first Ctrl-C asks all ranks to finish their bundle; the second one ends them.
void forward(int signal) {
  g_interrupts = g_interrupts + 1;
  const bool graceful = signal == SIGUSR1 || (signal == SIGINT && g_interrupts == 1);
  if (g_child > 0) ::kill(g_child, graceful ? SIGUSR1 : SIGTERM);
}

/// mpirun in a process group of its own, so that the terminal's Ctrl-C reaches only us.
int run_mpirun(const Arguments& arguments) {
  std::vector<char*> argv = {const_cast<char*>("mpirun")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "mpirun", nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    throw Error(ExitCode::usage, "cannot start mpirun", std::generic_category().message(error),
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
  set_environment(options.ranks);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, forward);
  std::size_t done = committed_bundles(config.output);
  for (int restarts = 0;; ++restarts) {
    ::setenv("LITEBENCH_RESTART_COUNT", std::to_string(restarts).c_str(), 1);
    const int code = run_mpirun(mpirun_arguments(options));
    if (final_code(code)) return code;
    if (g_interrupts > 0) {
      // mpirun answers a SIGTERM with 1 whatever its ranks say
      fmt::print(stderr, "litebench launch: stopped; continue with: litebench launch -n {} --config {}\n",
                 options.ranks, (config.output / "config.toml").string());
      return static_cast<int>(ExitCode::incomplete);
    }
    const std::size_t now = committed_bundles(config.output);
    if (now <= done) {
      fmt::print(stderr,
                 "litebench launch: the run ended with code {} and no bundle was finished since it "
                 "started (another start would end the same way); see the messages above and "
                 "`litebench status {}`\n",
                 code, config.output.string());
      return code;
    }
    fmt::print(
        stderr,
        "litebench launch: the run ended with code {} after {} more bundles; starting again\n",
        code, now - done);
    done = now;
    // An old run may only be moved aside by the first start, not by the restarts.
    std::erase(options.run, std::string("--fresh"));
  }
}

}  // namespace litebench::cli
