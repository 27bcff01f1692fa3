#pragma once
// One run in memory: the rows of all its shards, each once, in an order that depends on nothing but
// the rows.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "shards/store/results.hpp"

namespace litebench::analysis {

namespace results = store::results;

/// One shard: what one process of one attempt left.
struct Process {
  std::string attempt, file;  ///< file: name inside RUN/shards
  std::int32_t rank = 0, ranks = 1;
  std::string family, pack, plan;
  bool clean_end = false;
  std::uint64_t valid_bytes = 0, total_bytes = 0;
  std::string damage;  ///< why reading stopped early; "" when it did not
  std::string config;  ///< resolved TOML
  std::vector<std::pair<std::string, std::string>> environment;
};

struct Variant {
  std::string id, method, json;  ///< json: as recorded by the run
  std::int64_t tokens = 0;       ///< 0: no budget
  std::string mode, position, order;
};

struct PlannedBundle {
  std::uint64_t bundle_id = 0;
  store::Pass pass{};
  std::int16_t split = 0, protocol = 0;
  std::int64_t image_id = 0;
  std::int64_t units = 0;
  bool done = false;
};

/// A unit that did not end in `ok`.
struct Failure {
  std::size_t unit = 0;  ///< index into Run::units
  std::string message;
};

/// Two commits of one bundle that do not agree.
struct Disagreement {
  std::uint64_t bundle_id = 0;
  std::string what;  ///< where, which numbers, which shards
  bool same_environment = false;
};

/// Rows are sorted: images by (dataset, id); samples by (dataset, split, protocol, image, ordinal);
/// expressions by (sample, variant, seed, turn); units by (sample, pass, variant, seed, repeat);
/// tokens by (unit, layer).
struct Run {
  std::filesystem::path directory;
  std::vector<std::string> datasets, splits, protocols;  ///< protocols: options as JSON
  std::vector<Variant> variants;
  std::vector<Process> processes;       ///< by attempt, then rank
  std::vector<std::string> unreadable;  ///< shards without a readable start, with the reason
  std::vector<PlannedBundle> plan;      ///< in the order of the first plan that names each
  std::vector<results::Image> images;
  std::vector<results::Sample> samples;
  std::vector<results::Sentence> sentences;  ///< by sample, turn
  std::vector<results::Expression> expressions;
  std::vector<results::Unit> units;
  std::vector<results::Unit>
      cold_starts;  ///< first runs (repeat −1), sorted as units; none of them is in `units`
  std::vector<results::Tokens> tokens;
  std::vector<results::Bundle> bundles;  ///< by split, protocol, image, pass, id
  std::vector<Failure> failures;
  std::vector<std::byte> bytes;
  std::int64_t audited_bundles = 0;  ///< committed more than once and compared
  std::vector<Disagreement> disagreements;
  std::vector<std::string> conflicts;  ///< reasons why the shards are not one run
  std::vector<std::string> notes;      ///< worth knowing, no reason against the run

  [[nodiscard]] std::string where(const results::Unit& unit) const;
};

/// Reads every shard of `directory` and merges them. Of several commits of one bundle the first
/// attempt's counts, unless only a later one is free of oom, timeout, poisoned and lost rows; the
/// others audit it. Throws Error{io} when there is no run directory, Error{data} when no shard can
/// be read or rows contradict themselves.
Run load_run(const std::filesystem::path& directory);

/// Where the rows of each sample lie in a table sorted by sample: rows of sample s are
/// [starts[s], starts[s + 1]).
template <typename Row>
std::vector<std::size_t> starts_of(const std::vector<results::Sample>& samples,
                                   const std::vector<Row>& rows) {
  std::vector<std::size_t> starts{0};
  std::size_t row = 0;
  for (const results::Sample& sample : samples) {
    while (row < rows.size() && rows[row].sample_id == sample.sample_id) ++row;
    starts.push_back(row);
  }
  return starts;
}

/// Environment entry of the first process that has it, or "".
std::string environment_of(const Run& run, std::string_view key);

}  // namespace litebench::analysis
