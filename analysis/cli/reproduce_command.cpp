#include <iostream>

#include <fmt/core.h>

#include "analysis/cli/options.hpp"
#include "analysis/reproduce/reproduce.hpp"
#include "analysis/rows/read_results.hpp"
#include "analysis/tables/writers.hpp"

namespace litebench::analysis::cli {

ExitCode reproduce_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("reference", po::value<std::string>()->default_value("litelvlm-icml26"),
                        "published numbers to be reproduced")(
      "format", po::value<std::string>()->default_value("terminal"),
      "what to print: terminal, markdown, latex, csv, json");
  const Parsed parsed =
      parse(arguments, options,
            "reproduce RUN [options]\n\nExit codes: 0 reproduced, 1 not reproduced, "
            "3 the run cannot tell yet");
  if (parsed.help) return ExitCode::complete;
  expect_words(parsed, 1, "reproduce RUN (several runs: merge them first)");
  const Format format = format_named(parsed.text("format"));
  const Run run = read_results(std::filesystem::path(parsed.words[0]) / "results.h5");
  const Reproduction result = reproduce(run, find_published(parsed.text("reference")));
  std::cout << write(result.table, format);
  if (format == Format::terminal) std::cout << result.line << '\n';
  return result.code;
}

}  // namespace litebench::analysis::cli
