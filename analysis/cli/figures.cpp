#include "analysis/cli/figures.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "analysis/audit/dossier.hpp"
#include "analysis/report/gallery.hpp"
#include "analysis/report/page.hpp"

extern char** environ;  // NOLINT: POSIX's name

namespace litebench::analysis::cli {
namespace {

std::string python() {
  if (const char* named = std::getenv("LITEBENCH_PYTHON"); named != nullptr && *named != '\0')
    return named;
  if (const char* venv = std::getenv("VIRTUAL_ENV"); venv != nullptr && *venv != '\0') {
    const std::filesystem::path inside = std::filesystem::path(venv) / "bin" / "python";
    std::error_code error;
    if (std::filesystem::exists(inside, error)) return inside.string();
  }
  return "python3";
}

struct Ended {
  int status = -1;   ///< exit code, −1: could not be started
  std::string said;  ///< on standard error
};

/// Runs a program to its end; what it says on standard error is kept, not shown.
Ended run_program(const std::vector<std::string>& words) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO);
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  Ended ended{-1, error != 0 ? std::strerror(error) : ""};
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; error == 0 && (got = ::read(pipe[0], buffer.data(), buffer.size())) > 0;)
    ended.said.append(buffer.data(), static_cast<std::size_t>(got));
  ::close(pipe[0]);
  int status = 0;
  if (error == 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status))
    ended.status = WEXITSTATUS(status);
  return ended;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

std::string run_python(const std::string& script, const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path path =
      program.parent_path().parent_path() / "share" / "litebench" / "report" / script;
  const Ended ended = run_program({python(), "-B", path.string(), folder.string()});
  if (ended.status == 0) return "";
  return fmt::format(
      "{} ({})", ended.said.empty() ? fmt::format("exit {}", ended.status) : last_line(ended.said),
      python());
}

std::string draw_figures(const std::filesystem::path& run) {
  const std::string why = run_python("figures.py", run);
  if (why.empty()) return "";
  return fmt::format(
      "No figures were drawn: {}. Tables and gallery are complete. LITEBENCH_PYTHON "
      "names another Python.",
      why);
}

void write_figures_and_report(const std::filesystem::path& run,
                              const std::filesystem::path& data_root, bool figures) {
  const std::string why = figures ? draw_figures(run) : "";
  if (!why.empty()) std::cout << why << '\n';
  const audit::Dossier dossier(run);
  report::write_report(
      {dossier.run,
       dossier.tables,
       dossier.manifest,
       dossier.stamp.verdict,
       report::gallery(dossier.run, dossier.manifest.option("baseline"), data_root),
       {},
       why},
      run);
  std::cout << "Report: " << (run / "report" / "index.html").string() << '\n';
}

}  // namespace litebench::analysis::cli
