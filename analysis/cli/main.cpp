// litebench-reduce RUN: the shards of a run become results.h5, tables and a verdict.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include "analysis/reduce.hpp"
#include "base/version.hpp"

namespace litebench::analysis {
namespace {

namespace po = boost::program_options;

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
      "output", po::value<std::string>(), "folder for results.h5, tables/ and verdict.json [RUN]")(
      "version", "print versions")("help", "print this");
  return options;
}

[[noreturn]] void refuse(const std::string& problem, const std::string& reason) {
  throw Error(ExitCode::usage, problem, reason, "see litebench-reduce --help");
}

po::variables_map parse(int argc, char** argv) {
  po::options_description all;
  all.add(visible_options()).add_options()("run", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("run", -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
  } catch (const po::error& error) {
    refuse("cannot read the command line", error.what());
  }
  return values;
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

std::string text_of(const po::variables_map& values, const char* name) {
  return values.count(name) > 0 ? values[name].as<std::string>() : "";
}

/// Colour for people only: on a terminal that has it, unless NO_COLOR asks otherwise (https://no-color.org).
Style style_of_output() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool wanted = (no_color == nullptr || *no_color == '\0') && terminal != nullptr &&
                      std::string_view(terminal) != "dumb";
  return wanted && ::isatty(STDOUT_FILENO) == 1 ? Style::colour : Style::plain;
}

ExitCode reduce_run(const po::variables_map& values) {
  const auto runs = values.count("run") > 0 ? values["run"].as<std::vector<std::string>>()
                                            : std::vector<std::string>{};
  if (runs.size() != 1)
    refuse("cannot reduce",
           runs.empty() ? "no run folder is given" : "more than one folder is given");
  ReduceOptions options;
  options.accumulation = accumulation_named(text_of(values, "accum"));
  options.padded_ranks = padded_ranks_of(text_of(values, "shard"));
  options.baseline = text_of(values, "baseline");
  options.reference = text_of(values, "reference");
  options.output = text_of(values, "output");
  options.tables = text_of(values, "tables");
  options.threads = values["threads"].as<std::int32_t>();
  const Format format = format_named(text_of(values, "format"));
  const Reduction reduction = reduce(runs.front(), options);
  std::string text;
  for (const Table& table : reduction.tables) {
    const auto& print = reduction.print;
    if (std::find(print.begin(), print.end(), table.tag) == print.end()) continue;
    text += (format == Format::terminal ? to_terminal(table, style_of_output())
                                        : write(table, format)) +
            "\n";
  }
  std::cout << text << std::flush;
  if (format == Format::terminal) {
    for (const std::string& note : reduction.verdict.notes) std::cout << note << '\n';
    for (const std::string& sample : reduction.verdict.excluded)
      std::cout << "excluded: " << sample << '\n';
    for (const std::string& missing : reduction.verdict.missing)
      std::cout << "missing: " << missing << '\n';
    std::cout << reduction.verdict.line << '\n';
    const std::filesystem::path output =
        options.output.empty() ? std::filesystem::path(runs.front()) : options.output;
    std::cout << "Rows: " << (output / "results.h5").string()
              << "  Tables (md, tex, csv, json): " << (output / "tables").string() << '\n';
  }
  return exit_code(reduction.verdict);
}

ExitCode run(int argc, char** argv) {
  const po::variables_map values = parse(argc, argv);
  if (values.count("version") > 0) {
    std::cout << version_text("litebench-reduce");
    return ExitCode::complete;
  }
  if (values.count("help") > 0) {
    std::cout << "litebench-reduce RUN [options]\n\n"
              << visible_options()
              << "\nExit codes: 0 VALID, 3 PARTIAL, 64 usage, 65 INVALID or damaged, 74 unreadable "
                 "or unwritable\n";
    return ExitCode::complete;
  }
  return reduce_run(values);
}

}  // namespace
}  // namespace litebench::analysis

int main(int argc, char** argv) {
  try {
    return static_cast<int>(litebench::analysis::run(argc, argv));
  } catch (const litebench::Error& error) {
    std::cerr << "litebench-reduce: " << error.what() << '\n';
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "litebench-reduce: " << error.what() << '\n';
    return static_cast<int>(litebench::ExitCode::data);
  }
}
