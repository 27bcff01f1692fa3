#include <filesystem>
#include <iostream>

#include <fmt/core.h>

#include "analysis/audit/compare.hpp"
#include "analysis/cli/options.hpp"
#include "analysis/rows/read_results.hpp"

namespace litebench::analysis::cli {

ExitCode compare_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("margin", po::value<double>()->default_value(0),
                        "points of cIoU: an interval inside of ±margin is SAME")(
      "time-margin", po::value<double>()->default_value(5), "percent of time, likewise")(
      "no-times", "masks alone")("draws", po::value<std::int32_t>()->default_value(10'000),
                                 "of the paired bootstrap over images");
  const Parsed parsed =
      parse(arguments, options,
            "compare A B [options]\n\nIs B, against A, SAME or BETTER (exit code 0), WORSE (1) or "
            "AMBIGUOUS (2)?");
  if (parsed.help) return ExitCode::complete;
  expect_words(parsed, 2, "compare A B, two reduced runs");
  audit::CompareOptions how;
  how.margin = parsed.values["margin"].as<double>() / 100;
  how.time_margin = parsed.values["time-margin"].as<double>() / 100;
  how.draws = parsed.values["draws"].as<std::int32_t>();
  how.times = !parsed.has("no-times");
  if (how.draws < 100 || how.draws > 1'000'000)
    refuse("too few or too many draws", "100 to 1,000,000 make sense");
  const auto rows = [&](std::size_t i) {
    return read_results(std::filesystem::path(parsed.words[i]) / "results.h5");
  };
  const audit::ComparisonReport report = audit::compare(rows(0), rows(1), how);
  for (const audit::Compared& part : report.parts) {
    std::cout << fmt::format("{:<10}{}: {}", audit::name_of(part.change), part.what, part.reason);
    if (part.only_a + part.only_b > 0 && part.pairs > 0)
      std::cout << fmt::format(" ({} only in A, {} only in B)", part.only_a, part.only_b);
    std::cout << '\n';
  }
  for (const std::string& setting : report.settings) std::cout << "differs: " << setting << '\n';
  std::cout << audit::name_of(report.change) << '\n';
  return audit::exit_code(report.change);
}

}  // namespace litebench::analysis::cli
