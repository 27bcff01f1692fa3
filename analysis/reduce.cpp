#include "analysis/reduce.hpp"

#include <algorithm>
#include <future>

#include <fmt/core.h>

#include "analysis/derive.hpp"
#include "analysis/files.hpp"
#include "analysis/manifest.hpp"
#include "analysis/published/published.hpp"
#include "analysis/report/gallery.hpp"
#include "analysis/report/page.hpp"
#include "analysis/rows/write_results.hpp"
#include "base/toml.hpp"
#include "base/version.hpp"

namespace litebench::analysis {
namespace {

/// The tables in all formats, and last the manifest that names them.
void write_tables(const std::filesystem::path& folder, const std::vector<Table>& tables,
                  const std::vector<Format>& formats, Manifest& manifest) {
  make_folder(folder);
  for (const Table& table : tables) {
    for (const Format format : formats) {
      const std::string name = fmt::format("{}{}", table.tag, file_extension(format));
      const std::string text = write(table, format);
      write_text(folder / name, text);
      manifest.files.emplace_back(name, hash_text(text));
    }
  }
  write_text(folder / "manifest.json", to_json(manifest));
}

Manifest manifest_of(const Fingerprints& fingerprints, const SummaryOptions& options,
                     const TableOptions& tables) {
  const bool f32 = options.accumulation == Accumulation::f32;
  return {
      fingerprints.rows,
      fingerprints.answers,
      {{"accum", f32 ? "f32" : "exact"},
       {"shard", options.padded_ranks > 1 ? fmt::format("pad:{}", options.padded_ranks) : "exact"},
       {"baseline", options.baseline},
       {"reference", tables.reference},
       {"draws", std::to_string(tables.draws)},
       {"level", fmt::format("{:g}", tables.level)},
       {"interval", tables.interval == IntervalKind::bca ? "bca" : "percentile"},
       {"tables", config::print_toml(node_of(tables))},
       {"litebench", std::string(build_info().version)},
       {"commit", std::string(build_info().commit)}},
      {}};
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

}  // namespace

Reduction reduce_rows(const Run& run, const std::filesystem::path& output,
                      const ReduceOptions& options) {
  const Pairing pairing = pair_samples(run);
  const TableOptions tables = table_options(run, options);
  Reduction reduction;
  reduction.verdict = judge(run, pairing);
  reduction.print = tables.print;
  const SummaryOptions summary_options{options.accumulation, tables.baseline, options.padded_ranks};
  if (!tables.reference.empty()) static_cast<void>(find_published(tables.reference));
  make_folder(output);
  // Compressing takes one thread as long as most tables take.
  auto writing = std::async(std::launch::async, [&] {
    return write_results(run, output / "results.h5", name_of(reduction.verdict.state));
  });
  Derived derived = derive_tables(
      run, pairing, {tables, summary_options, options.threads, reduction.verdict.line});
  reduction.tables = std::move(derived.tables);
  // What is wrong with the page costs the reduction nothing else.
  const auto for_the_page = [&reduction](auto make) {
    if (!reduction.report_problem.empty()) return;
    try {
      make();
    } catch (const Error& error) {
      reduction.report_problem = error.what();
    }
  };
  std::string gallery;
  for_the_page(
      [&] { gallery = report::gallery(run, summary_options.baseline, options.data_root); });
  const Fingerprints fingerprints = writing.get();
  // Without times a table is the same for every number of ranks, and so is its name.
  for (Table& table : reduction.tables)
    table.fingerprint = derived.timed ? fingerprints.rows : fingerprints.answers;
  Manifest manifest = manifest_of(fingerprints, summary_options, tables);
  write_tables(output / "tables", reduction.tables, options.formats, manifest);
  for_the_page([&] {
    report::write_report({run,
                          reduction.tables,
                          manifest,
                          std::string(name_of(reduction.verdict.state)),
                          gallery,
                          {},
                          ""},
                         output);
  });
  // Last: who waits for the verdict file finds the rest in place.
  write_text(output / "verdict.json", to_json(reduction.verdict, run));
  return reduction;
}

Reduction reduce(const std::filesystem::path& directory, const ReduceOptions& options) {
  return reduce_rows(load_run(directory), options.output.empty() ? directory : options.output,
                     options);
}

}  // namespace litebench::analysis
