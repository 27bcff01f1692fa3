#pragma once
// The words after `litebench-reduce`: one function each. Without a word the arguments are run folders to reduce.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace litebench::analysis::cli {

using Arguments = std::vector<std::string>;

ExitCode reduce_command(const Arguments& arguments);
ExitCode verify_command(const Arguments& arguments);
ExitCode explain_command(const Arguments& arguments);
ExitCode report_command(const Arguments& arguments);
ExitCode score_command(const Arguments& arguments);
ExitCode export_command(const Arguments& arguments);
ExitCode compare_command(const Arguments& arguments);
ExitCode reproduce_command(const Arguments& arguments);
ExitCode salvage_command(const Arguments& arguments);

struct Command {
  std::string_view word, takes, summary;
  ExitCode (*run)(const Arguments&);
};
std::span<const Command> commands();

}  // namespace litebench::analysis::cli
