#include <iostream>

#include <fmt/core.h>

#include "analysis/cli/figures.hpp"
#include "analysis/cli/options.hpp"
#include "analysis/export/csv.hpp"
#include "analysis/rows/read_results.hpp"

namespace litebench::analysis::cli {

ExitCode export_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("format", po::value<std::string>()->default_value("csv"),
                        "csv, or parquet (Python with pyarrow) beside it")(
      "output", po::value<std::string>(), "folder [RUN/export]");
  const Parsed parsed = parse(arguments, options, "export RUN [options]");
  if (parsed.help) return ExitCode::complete;
  expect_words(parsed, 1, "export RUN");
  const std::string format = parsed.text("format");
  if (format != "csv" && format != "parquet")
    refuse(fmt::format("unknown format {}", format), "it is neither csv nor parquet");
  const std::filesystem::path run(parsed.words[0]);
  const std::filesystem::path folder =
      parsed.has("output") ? std::filesystem::path(parsed.text("output")) : run / "export";
  export_csv(read_results(run / "results.h5"), read_stamp(run / "results.h5").fingerprint, folder);
  std::cout << "CSV: " << folder.string() << '\n';
  if (format == "csv") return ExitCode::complete;
  const std::string why = run_python("to_parquet.py", folder);
  if (!why.empty()) {
    throw Error(ExitCode::usage, "no Parquet was written", why,
                "the CSV files are complete; install pyarrow, or name another Python with "
                "LITEBENCH_PYTHON");
  }
  std::cout << "Parquet: " << folder.string() << '\n';
  return ExitCode::complete;
}

}  // namespace litebench::analysis::cli
