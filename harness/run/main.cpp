// `litebench-run`: the engine behind `litebench --config …`. Also answers `list-methods`,
// `probe`, `dump` and `show` for the small program.

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/version.hpp"
#include "harness/cli/options.hpp"
#include "harness/evaluate/engine.hpp"
#include "harness/evaluate/report.hpp"
#include "harness/inspect/dump.hpp"
#include "harness/inspect/show.hpp"

namespace {

int inspect(const std::vector<std::string>& arguments) {
  using litebench::cli::Inspection;
  const bool dump = arguments.front() == "dump";
  const auto options = litebench::cli::parse_inspect_options(
      dump ? Inspection::dump : Inspection::show, {arguments.begin() + 1, arguments.end()});
  return dump ? litebench::inspect::dump(options) : litebench::inspect::show(options);
}

int dispatch(const std::vector<std::string>& arguments) {
  using litebench::cli::RunOptions;
  if (!arguments.empty() && arguments[0] == "list-methods")
    return litebench::evaluate::list_methods(arguments.size() > 1);
  if (arguments == std::vector<std::string>{"probe"}) return litebench::evaluate::probe();
  if (!arguments.empty() && (arguments.front() == "dump" || arguments.front() == "show"))
    return inspect(arguments);
  const RunOptions options = litebench::cli::parse_run_options(arguments);
  if (options.help) {
    fmt::print("{}", litebench::cli::run_options_help());
    return 0;
  }
  if (options.version) {
    fmt::print("{}", litebench::version_text("litebench-run"));
    return 0;
  }
  if (options.config.empty()) {
    throw litebench::Error(litebench::ExitCode::usage, "cannot start a run", "--config is missing",
                           "give --config sweep.toml; configs/ holds examples");
  }
  return litebench::evaluate::run(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const litebench::Error& error) {
    fmt::print(stderr, "litebench: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "litebench: unexpected failure ({}) please report it\n", error.what());
    return static_cast<int>(litebench::ExitCode::restart);
  }
}
