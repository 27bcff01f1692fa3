// `litebench`: picks the command. Small on purpose: it starts without LibTorch and MPI; a run is
// `litebench-run`.

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "base/version.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/inspect_options.hpp"
#include "harness/cli/options.hpp"
#include "harness/cli/programs.hpp"

namespace litebench::cli {
namespace {

void print_help() {
  fmt::print(
      "litebench --config sweep.toml       run or resume the sweep (also under mpirun or srun)\n");
  for (const Command& command : commands()) {
    fmt::print("litebench {:<26}{}\n", command.word, command.summary);
  }
  fmt::print("\n{}", run_options_help());
}

int run_command(const Arguments& arguments) {
  const RunOptions options =
      parse_run_options(arguments);  // mistakes are told before LibTorch is loaded
  if (options.help || arguments.empty()) {
    print_help();
    return arguments.empty() ? static_cast<int>(ExitCode::usage) : 0;
  }
  if (options.version) {
    fmt::print("{}", version_text("litebench"));
    return 0;
  }
  if (options.config.empty()) {
    throw Error(ExitCode::usage, "cannot start a run", "--config is missing",
                "give --config sweep.toml; configs/ holds examples");
  }
  point_to_libtorch();
  exec(sibling("litebench-run"), arguments);
}

int start(const Command& command, const Arguments& arguments) {
  const bool help = std::find(arguments.begin(), arguments.end(), "--help") != arguments.end();
  if (!help || command.run == reduce_command) return command.run(arguments);  // has its own text
  fmt::print("litebench {} {}\n  {}\n", command.word, command.takes, command.summary);
  if (command.takes.ends_with("[options of a run]")) fmt::print("\n{}", run_options_help());
  if (command.run == dump_command) fmt::print("\n{}", inspect_options_help(Inspection::dump));
  if (command.run == show_command) fmt::print("\n{}", inspect_options_help(Inspection::show));
  return 0;
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return run_command(arguments);
  std::vector<std::string> words;
  for (const Command& command : commands()) {
    if (command.word == arguments.front())
      return start(command, {arguments.begin() + 1, arguments.end()});
    words.emplace_back(command.word);
  }
  const std::string near = nearest(arguments.front(), words);
  throw Error(ExitCode::usage, fmt::format("unknown command \"{}\"", arguments.front()),
              "litebench has no such command",
              near.empty() ? "see litebench --help" : fmt::format("did you mean \"{}\"?", near));
}

}  // namespace
}  // namespace litebench::cli

int main(int argc, char** argv) {
  try {
    return litebench::cli::dispatch({argv + 1, argv + argc});
  } catch (const litebench::Error& error) {
    fmt::print(stderr, "litebench: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "litebench: unexpected failure ({}) please report it\n", error.what());
    return static_cast<int>(litebench::ExitCode::data);
  }
}
