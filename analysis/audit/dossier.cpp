#include "analysis/audit/dossier.hpp"

#include <charconv>

#include <fmt/core.h>

#include "analysis/audit/address.hpp"
#include "analysis/audit/read_table.hpp"
#include "analysis/derive.hpp"
#include "base/error.hpp"

namespace litebench::analysis::audit {
namespace {

constexpr std::string_view kPublished = "/published";

Counting counting_of(const Manifest& manifest) {
  Counting counting;
  counting.f32 = manifest.option("accum") == "f32";
  const std::string shard = manifest.option("shard");
  if (shard.starts_with("pad:")) {
    std::from_chars(shard.data() + 4, shard.data() + shard.size(), counting.padded_ranks);
  }
  return counting;
}

/// Empty where the tables are of a version that did not write them down.
std::optional<TableOptions> options_of(const Manifest& manifest) {
  const std::string toml = manifest.option("tables");
  if (toml.empty()) return std::nullopt;
  constexpr std::string_view kName = "made_with.tables of tables/manifest.json";
  return read_table_options(config::parse_toml(toml, kName), kName);
}

std::optional<Published> published_of(const Manifest& manifest) {
  const std::string name = manifest.option("reference");
  if (name.empty()) return std::nullopt;
  return find_published(name);
}

}  // namespace

Dossier::Dossier(const std::filesystem::path& directory)
    : folder(directory),
      run(read_results(folder / "results.h5")),
      stamp(read_stamp(folder / "results.h5")),
      manifest(read_manifest(folder / "tables" / "manifest.json")),
      tables(read_tables(folder / "tables")),
      options(options_of(manifest)),
      published(published_of(manifest)),
      ledger(run),
      counting(counting_of(manifest)) {}

const std::vector<Table>& Dossier::made_again() const {
  if (!made_again_) {
    const SummaryOptions summary{counting.f32 ? Accumulation::f32 : Accumulation::exact,
                                 options->baseline,
                                 static_cast<std::int32_t>(counting.padded_ranks)};
    made_again_ = derive_tables(run, pair_samples(run), {*options, summary, 0, ""}).tables;
  }
  return *made_again_;
}

Claim claim_of(const Cell& cell) {
  const std::size_t end = cell.tag.rfind('/');
  return {cell.origin.metric,   cell.origin.variants, cell.origin.splits,
          cell.origin.protocol, cell.origin.slice,    cell.tag.substr(0, end)};
}

bool is_published_row(const Row& row) { return row_key(row).ends_with(kPublished); }

std::optional<double> published_value(const Dossier& dossier, const Table& table, std::size_t row,
                                      std::size_t column) {
  if (!dossier.published || !is_published_row(table.rows[row])) return std::nullopt;
  std::string variant = row_key(table.rows[row]);
  variant.resize(variant.size() - kPublished.size());
  const PublishedRow* found = dossier.published->find(variant);
  if (found == nullptr) return std::nullopt;
  const std::string& tag = table.columns[column].tag;
  const bool all_splits = dossier.run.splits.size() == dossier.published->splits.size();
  if (tag == "retention") return all_splits ? std::optional(found->relative) : std::nullopt;
  if (tag != "average") return dossier.published->ciou(*found, tag);
  if (all_splits) return found->average;
  double sum = 0;
  for (const std::string& split : dossier.run.splits) {
    const std::optional<double> value = dossier.published->ciou(*found, split);
    if (!value) return std::nullopt;
    sum += *value;
  }
  return sum / static_cast<double>(dossier.run.splits.size());
}

}  // namespace litebench::analysis::audit
