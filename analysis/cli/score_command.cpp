#include <iostream>

#include <fmt/core.h>

#include "analysis/cli/figures.hpp"
#include "analysis/cli/options.hpp"
#include "analysis/reduce.hpp"
#include "analysis/score/score.hpp"

namespace litebench::analysis::cli {
namespace {

Missing missing_named(const std::string& name) {
  if (name == "refuse") return Missing::refuse;
  if (name == "empty") return Missing::empty;
  refuse(fmt::format("unknown --missing {}", name), "it is neither refuse nor empty");
}

}  // namespace

ExitCode score_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("data", po::value<std::string>(), "folder of the data sets (Refer_Segm)")(
      "split", po::value<std::vector<std::string>>()->composing(),
      "refcoco/val; give it again for more splits of the same data set")(
      "missing", po::value<std::string>()->default_value("refuse"),
      "expressions without a prediction: refuse, or empty (count as empty masks)")(
      "baseline", po::value<std::string>(), "file whose numbers the others refer to [the first]")(
      "format", po::value<std::string>()->default_value("terminal"),
      "what to print: terminal, markdown, latex, csv, json")(
      "output", po::value<std::string>()->default_value("runs/score"),
      "folder for results.h5, tables/, report/ and verdict.json");
  const Parsed parsed = parse(
      arguments, options, "score PREDICTIONS.json… --data ROOT --split DATASET/SPLIT [options]");
  if (parsed.help) return ExitCode::complete;
  if (parsed.words.empty()) refuse("cannot score", "no file of predictions is given");
  if (!parsed.has("data")) refuse("cannot score", "--data ROOT is missing");
  ScoreInput input;
  input.predictions.assign(parsed.words.begin(), parsed.words.end());
  input.data_root = parsed.text("data");
  if (parsed.has("split")) input.splits = parsed.values["split"].as<std::vector<std::string>>();
  input.missing = missing_named(parsed.text("missing"));
  const Format format = format_named(parsed.text("format"));
  Run run = score(input);
  run.directory = parsed.text("output");
  ReduceOptions how;
  how.baseline = parsed.has("baseline") ? parsed.text("baseline") : run.variants.front().id;
  const Reduction reduction = reduce_rows(run, parsed.text("output"), how);
  for (const Table& table : reduction.tables) {
    if (table.tag == "main" || table.tag == "metrics" || table.tag == "conventions")
      std::cout << write(table, format) << '\n';
  }
  if (format == Format::terminal) {
    for (const std::string& note : reduction.verdict.notes) std::cout << note << '\n';
    std::cout << reduction.verdict.line << "\nReport: " << parsed.text("output")
              << "/report/index.html\n";
  }
  return exit_code(reduction.verdict);
}

}  // namespace litebench::analysis::cli
