#include "harness/cli/chaos_job.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/error.hpp"
#include "harness/cli/mpirun.hpp"
#include "harness/cli/programs.hpp"

extern char** environ;

namespace litebench::cli::chaos {
namespace {

struct Process {
  std::string name;
  char state = '?';
  pid_t session = 0;
};

std::optional<Process> read_process(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Process process{text.substr(open + 1, close - open - 1)};
  std::istringstream rest(text.substr(close + 1));
  pid_t parent = 0, group = 0;
  rest >> process.state >> parent >> group >> process.session;
  return process;
}

/// The shell limits the ranks alone: mpirun resets signals, and its own files are longer.
Arguments limited(Arguments program, long file_limit_kib) {
  if (file_limit_kib <= 0) return program;
  Arguments all = {"sh", "-c",
                   "trap '' XFSZ; ulimit -f " + std::to_string(2 * file_limit_kib) + "; exec \"$@\"",
                   "sh"};  // in blocks of 512 bytes
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

pid_t spawn(const Arguments& arguments, const std::filesystem::path& output) {
  std::vector<char*> argv = {const_cast<char*>("mpirun")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "mpirun", &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw Error(ExitCode::usage, "cannot start mpirun", std::strerror(error), "install Open MPI");
  return child;
}

}  // namespace

Job::Job(int ranks, const Arguments& run, const std::filesystem::path& output, long file_limit_kib) {
  Arguments program = {sibling("litebench-run").string()};
  program.insert(program.end(), run.begin(), run.end());
  // Shared memory would be a file above the limit.
  const Arguments extra = file_limit_kib > 0 ? Arguments{"--mca", "btl", "tcp,self"} : Arguments{};
  mpirun_ = spawn(mpirun_arguments(ranks, extra, limited(program, file_limit_kib)), output);
}

Job::~Job() {
  kill_all();
  wait(60);
}

bool Job::running() { return !wait(0); }

std::optional<int> Job::wait(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!code_) {
    int status = 0;
    const pid_t gone = ::waitpid(mpirun_, &status, WNOHANG);
    if (gone == mpirun_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (gone < 0 && errno != EINTR) {
      code_ = -1;
    } else if (std::chrono::steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  return code_;
}

std::vector<pid_t> Job::members() const {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) continue;
    const auto process = read_process(pid);
    if (process && process->session == mpirun_ && process->state != 'Z') found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> Job::ranks() const {
  std::vector<pid_t> found;
  for (const pid_t pid : members()) {
    const auto process = read_process(pid);
    if (process && process->name == "litebench-run") found.push_back(pid);
  }
  return found;
}

void Job::kill_all() {
  for (std::vector<pid_t> left = members(); !left.empty(); left = members()) {
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace litebench::cli::chaos
