#include "analysis/reduce.hpp"

#include <fstream>

#include <fmt/core.h>

#include "analysis/published/published.hpp"
#include "analysis/rows/write_results.hpp"
#include "analysis/tables/build.hpp"

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

std::string first_of(const std::string& wanted, const std::string& recorded,
                     const std::string& fallback) {
  if (!wanted.empty()) return wanted;
  return recorded.empty() ? fallback : recorded;
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

}  // namespace

Reduction reduce(const std::filesystem::path& directory, const ReduceOptions& options) {
  const Run run = load_run(directory);
  const Pairing pairing = pair_samples(run);
  Reduction reduction;
  reduction.verdict = judge(run, pairing);
  SummaryOptions summary_options;
  summary_options.accumulation = options.accumulation;
  summary_options.padded_ranks = options.padded_ranks;
  summary_options.baseline =
      first_of(options.baseline, environment_of(run, "tables.baseline"), "none");
  const Summary summary = summarise(run, pairing, summary_options);
  const std::string reference =
      first_of(options.reference, environment_of(run, "tables.reference"), "");
  TableInput input{run, summary, reduction.verdict.line, summary_options, std::nullopt};
  if (!reference.empty()) input.published = find_published(reference);
  reduction.tables = {main_table(input), metrics_table(input)};
  if (summary.latency_units > 0) reduction.tables.push_back(efficiency_table(input));

  const std::filesystem::path output = options.output.empty() ? directory : options.output;
  write_tables(output / "tables", reduction.tables, options.formats);
  write_results(run, output / "results.h5", name_of(reduction.verdict.state));
  // Last: who waits for the verdict file finds the rest in place.
  write_text(output / "verdict.json", to_json(reduction.verdict, run));
  return reduction;
}

}  // namespace litebench::analysis
