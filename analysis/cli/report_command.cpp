#include "analysis/cli/figures.hpp"
#include "analysis/cli/options.hpp"

namespace litebench::analysis::cli {

ExitCode report_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("data", po::value<std::string>(),
                        "folder of the pictures (Refer_Segm) [the run's data.root]")(
      "no-figures", "leave RUN/figures as it is");
  const Parsed parsed = parse(arguments, options, "report RUN [options]");
  if (parsed.help) return ExitCode::complete;
  expect_words(parsed, 1, "report RUN");
  write_figures_and_report(parsed.words[0], parsed.text("data"), !parsed.has("no-figures"));
  return ExitCode::complete;
}

}  // namespace litebench::analysis::cli
