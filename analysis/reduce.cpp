#include "analysis/reduce.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/core.h>

#include "analysis/published/published.hpp"
#include "analysis/rows/write_results.hpp"
#include "analysis/tables/build.hpp"
#include "base/toml.hpp"

namespace litebench::analysis {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), reason,
              "check space and permissions, or name another folder with --output");
}

/// Readers never see half a file.
void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) refuse(path, "the file system refused the data");
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) refuse(path, error.message());
}

void write_tables(const std::filesystem::path& folder, const std::vector<Table>& tables,
                  const std::vector<Format>& formats) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) refuse(folder, error.message());
  for (const Table& table : tables) {
    for (const Format format : formats) {
      write_text(folder / fmt::format("{}{}", table.tag, file_extension(format)),
                 write(table, format));
    }
  }
}

/// [tables] of the given file, else of the run's last start.
TableOptions table_options(const Run& run, const ReduceOptions& options) {
  TableOptions tables;
  if (!options.tables.empty()) {
    const config::Node root = config::load_toml(options.tables);
    const auto found = std::find_if(root.members.begin(), root.members.end(),
                                    [](const config::Member& m) { return m.name == "tables"; });
    if (found == root.members.end()) {
      throw Error(ExitCode::usage, fmt::format("{} asks for no tables", options.tables.string()),
                  "it has no [tables]", "docs/configuration.md lists its keys");
    }
    tables =
        read_table_options(found->value, fmt::format("[tables] of {}", options.tables.string()));
  } else {
    tables = table_options_of(run.processes.back().config, "the configuration of the run");
  }
  if (!options.baseline.empty()) tables.baseline = options.baseline;
  if (!options.reference.empty()) tables.reference = options.reference;
  return tables;
}

InferenceOptions inference_options(const TableOptions& tables, std::int32_t threads) {
  InferenceOptions out;
  out.draws = {tables.draws, static_cast<std::uint64_t>(tables.seed), threads};
  out.interval = {tables.interval, tables.level};
  out.correction = tables.correction;
  out.alpha = tables.alpha;
  out.power = tables.power;
  out.margin = tables.margin;
  out.least_images = static_cast<std::size_t>(tables.least_images);
  return out;
}

}  // namespace

Reduction reduce(const std::filesystem::path& directory, const ReduceOptions& options) {
  const Run run = load_run(directory);
  const Pairing pairing = pair_samples(run);
  const TableOptions tables = table_options(run, options);
  Reduction reduction;
  reduction.verdict = judge(run, pairing);
  reduction.print = tables.print;
  const SummaryOptions summary_options{options.accumulation, tables.baseline, options.padded_ranks};
  const Summary summary = summarise(run, pairing, summary_options);
  const Inference inference =
      infer(run, pairing, summary, summary_options, inference_options(tables, options.threads));
  TableInput input{
      run,         pairing, summary, inference, tables, reduction.verdict.line, summary_options,
      std::nullopt};
  if (!tables.reference.empty()) input.published = find_published(tables.reference);
  reduction.tables = build_tables(input);

  const std::filesystem::path output = options.output.empty() ? directory : options.output;
  write_tables(output / "tables", reduction.tables, options.formats);
  write_results(run, output / "results.h5", name_of(reduction.verdict.state));
  // Last: who waits for the verdict file finds the rest in place.
  write_text(output / "verdict.json", to_json(reduction.verdict, run));
  return reduction;
}

}  // namespace litebench::analysis
