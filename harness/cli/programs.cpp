#include "harness/cli/programs.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

extern char** environ;

namespace litebench::cli {
namespace {

std::vector<char*> argv_of(const std::filesystem::path& program,
                           const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

[[noreturn]] void refuse(const std::filesystem::path& program, int error) {
  throw Error(ExitCode::io, fmt::format("cannot start {}", program.string()), std::strerror(error),
              "check the installation");
}

}  // namespace

std::filesystem::path sibling(std::string_view name) {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / std::string(name);
  if (::access(program.c_str(), X_OK) != 0) {
    throw Error(ExitCode::usage, fmt::format("cannot find {}", name),
                fmt::format("it is not in {}", program.parent_path().string()),
                "build or install all three programs together");
  }
  return program;
}

void exec(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  ::execv(program.c_str(), argv_of(program, arguments).data());
  refuse(program, errno);
}

int run(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr,
                                   argv_of(program, arguments).data(), environ);
  if (error != 0) refuse(program, error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) refuse(program, errno);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void point_to_libtorch() {
  const char* root = std::getenv("TORCH_ROOT");
  if (root == nullptr || *root == '\0') return;
  std::string path = std::string(root) + "/lib";
  if (const char* old = std::getenv("LD_LIBRARY_PATH"); old != nullptr && *old != '\0') {
    path += std::string(":") + old;
  }
  ::setenv("LD_LIBRARY_PATH", path.c_str(), 1);
}

}  // namespace litebench::cli
