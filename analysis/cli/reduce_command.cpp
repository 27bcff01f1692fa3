// RUN… → results.h5, tables, verdict.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <fmt/core.h>
#include <unistd.h>

#include "analysis/cli/figures.hpp"
#include "analysis/cli/options.hpp"
#include "analysis/reduce.hpp"
#include "analysis/rows/gather.hpp"

namespace litebench::analysis::cli {
namespace {

po::options_description visible_options() {
  po::options_description options("Options");
  options.add_options()("accum", po::value<std::string>()->default_value("exact"),
                        "exact, or f32: repeat the reference's float32 sums in evaluation order")(
      "shard", po::value<std::string>()->default_value("exact"),
      "exact, or pad:R: count images as R ranks of the reference's padded sampler would")(
      "format", po::value<std::string>()->default_value("terminal"),
      "what to print: terminal, markdown, latex, csv, json")(
      "baseline", po::value<std::string>(), "variant that retention and speed-up refer to [none]")(
      "reference", po::value<std::string>(),
      "published numbers to show beside, e.g. litelvlm-icml26")(
      "tables", po::value<std::string>(), "TOML file whose [tables] replaces the run's")(
      "threads", po::value<std::int32_t>()->default_value(0), "0: all that the process may use")(
      "report", "draw figures too, as litebench-reduce report does")(
      "data", po::value<std::string>(), "folder of the report's pictures [the run's data.root]")(
      "output", po::value<std::string>(), "folder for results.h5, tables/ and verdict.json [RUN]");
  return options;
}

Accumulation accumulation_named(const std::string& name) {
  if (name == "exact") return Accumulation::exact;
  if (name == "f32") return Accumulation::f32;
  refuse(fmt::format("unknown accumulation \"{}\"", name), "it is neither exact nor f32");
}

std::int32_t padded_ranks_of(const std::string& shard) {
  if (shard == "exact") return 1;
  constexpr std::string_view kPad = "pad:";
  std::int32_t ranks = 0;
  const char* end = shard.data() + shard.size();
  if (shard.starts_with(kPad) &&
      std::from_chars(shard.data() + kPad.size(), end, ranks).ptr == end && ranks >= 1 &&
      ranks <= 4096) {
    return ranks;
  }
  refuse(fmt::format("unknown sharding \"{}\"", shard), "it is neither exact nor pad:R");
}

/// Colour for people only: on a terminal that has it, unless NO_COLOR asks otherwise (https://no-color.org).
Style style_of_output() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool wanted = (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
                      std::string_view(terminal) != "dumb";
  return wanted && ::isatty(STDOUT_FILENO) == 1 ? Style::colour : Style::plain;
}

ExitCode reduce_run(const Parsed& parsed) {
  const std::vector<std::string>& runs = parsed.words;
  if (runs.empty()) refuse("cannot reduce", "no run folder is given");
  if (runs.size() > 1 && !parsed.has("output"))
    refuse("cannot merge", "several runs become a run of their own: name its folder with --output");
  ReduceOptions options;
  options.accumulation = accumulation_named(parsed.text("accum"));
  options.padded_ranks = padded_ranks_of(parsed.text("shard"));
  options.baseline = parsed.text("baseline");
  options.reference = parsed.text("reference");
  options.output = parsed.text("output");
  options.tables = parsed.text("tables");
  options.threads = parsed.values["threads"].as<std::int32_t>();
  options.data_root = parsed.text("data");
  const Format format = format_named(parsed.text("format"));
  const bool merging = runs.size() > 1;
  if (merging) gather_shards({runs.begin(), runs.end()}, options.output);
  const std::filesystem::path run = merging ? options.output : std::filesystem::path(runs.front());
  const Reduction reduction = reduce(run, options);
  std::string text;
  for (const Table& table : reduction.tables) {
    const auto& print = reduction.print;
    if (std::find(print.begin(), print.end(), table.tag) == print.end()) continue;
    text += (format == Format::terminal ? to_terminal(table, style_of_output())
                                        : write(table, format)) +
            "\n";
  }
  std::cout << text << std::flush;
  if (!reduction.report_problem.empty())
    std::cerr << "litebench-reduce: no report: " << reduction.report_problem << '\n';
  const std::filesystem::path output = options.output.empty() ? run : options.output;
  if (format == Format::terminal) {
    for (const std::string& note : reduction.verdict.notes) std::cout << note << '\n';
    for (const std::string& sample : reduction.verdict.excluded)
      std::cout << "excluded: " << sample << '\n';
    for (const std::string& missing : reduction.verdict.missing)
      std::cout << "missing: " << missing << '\n';
    std::cout << reduction.verdict.line << '\n';
    std::cout << "Rows: " << (output / "results.h5").string()
              << "  Tables (md, tex, csv, json): " << (output / "tables").string()
              << "  Report: " << (output / "report" / "index.html").string() << '\n';
  }
  if (parsed.has("report")) write_figures_and_report(output, options.data_root);
  return exit_code(reduction.verdict);
}

void print_commands() {
  std::cout << "\nWhat looks at a reduced run:\n";
  for (const Command& command : commands())
    std::cout << fmt::format("  {:<10}{:<22}{}\n", command.word, command.takes, command.summary);
  std::cout
      << "\nExit codes: 0 VALID, 3 PARTIAL, 64 usage, 65 INVALID or damaged, 74 unreadable or "
         "unwritable\n";
}

}  // namespace

ExitCode reduce_command(const Arguments& arguments) {
  const Parsed parsed =
      parse(arguments, visible_options(),
            "RUN… [options]\n\nSeveral runs of one family are merged into --output.");
  if (!parsed.help) return reduce_run(parsed);
  print_commands();
  return ExitCode::complete;
}

}  // namespace litebench::analysis::cli
