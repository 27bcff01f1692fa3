#pragma once
// The command line of a run, shared by `litebench` and `litebench-run`.

#include <string>
#include <vector>

#include "harness/config/config.hpp"

namespace litebench::cli {

enum class LogLevel : std::uint8_t { quiet, info };

struct RunOptions {
  std::string config;  ///< path of the sweep file
  config::Overrides overrides;
  bool fresh = false;    ///< moves an old run of that output folder aside
  bool dry_run = false;  ///< plan only
  bool retry = false;    ///< also what ended two attempts (poisoned) or had its time (timeout)
  bool reduce = true;
  bool forecast = true;              ///< plan: predict time and memory
  std::string rates, forecast_file;  ///< plan: files of operator rates and of predictions, or ""
  LogLevel log_level = LogLevel::info;
  bool help = false, version = false;
};

/// Throws Error{usage} for unknown options and missing values.
RunOptions parse_run_options(const std::vector<std::string>& arguments);

/// The options' help text, ending in a line break.
std::string run_options_help();

}  // namespace litebench::cli
