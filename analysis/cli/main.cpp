// litebench-reduce: the shards of a run become results.h5, tables and a verdict; and everything that looks at them
// afterwards.

#include <iostream>
#include <string>
#include <vector>

#include "analysis/cli/commands.hpp"
#include "base/version.hpp"

namespace litebench::analysis::cli {
namespace {

constexpr Command kCommands[] = {
    {"verify", "RUN", "compute every printed number again, hold the rows against the shards",
     verify_command},
    {"explain", "RUN CELL", "where a number comes from: main:refcoco/val:litelvlm@192",
     explain_command},
    {"report", "RUN", "figures (Python with matplotlib) and report/index.html", report_command},
    {"compare", "A B", "two runs unit by unit: SAME, BETTER, WORSE or AMBIGUOUS", compare_command},
    {"export", "RUN", "rows as tidy CSV or Parquet", export_command},
    {"score", "PREDICTIONS.json…", "tables for masks that any program made", score_command},
    {"reproduce", "RUN…", "is this the published table, within the reproduction gate?",
     reproduce_command},
    {"salvage", "SHARD…", "save what is intact of damaged shards", salvage_command},
};

ExitCode run(const Arguments& arguments) {
  if (!arguments.empty() && arguments.front() == "--version") {
    std::cout << version_text("litebench-reduce");
    return ExitCode::complete;
  }
  for (const Command& command : kCommands) {
    if (!arguments.empty() && arguments.front() == command.word)
      return command.run({arguments.begin() + 1, arguments.end()});
  }
  return reduce_command(arguments);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace litebench::analysis::cli

int main(int argc, char** argv) {
  try {
    return static_cast<int>(litebench::analysis::cli::run({argv + 1, argv + argc}));
  } catch (const litebench::Error& error) {
    std::cerr << "litebench-reduce: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "litebench-reduce: " << error.what() << '\n';
    return static_cast<int>(litebench::ExitCode::data);
  }
}
