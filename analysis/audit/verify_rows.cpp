#include "analysis/audit/verify_rows.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include <fmt/core.h>

#include "analysis/rows/fingerprint.hpp"
#include "analysis/rows/run.hpp"
#include "base/error.hpp"
#include "shards/store/shard.hpp"

namespace litebench::analysis::audit {
namespace {

std::string where(const Run& run, const results::Expression& e) {
  return fmt::format("{} image {} sentence {} {} seed {}",
                     run.splits[static_cast<std::size_t>(e.split)], e.image_id, e.sent_id,
                     run.variants[static_cast<std::size_t>(e.variant)].id, e.seed);
}
std::string where(const Run& run, const results::Unit& unit) {
  return fmt::format("{} {} repeat {}", run.where(unit), store::name_of(unit.pass), unit.repeat);
}
std::string where(const Run& run, const results::Sample& sample) {
  return fmt::format("{} image {} sample {}", run.splits[static_cast<std::size_t>(sample.split)],
                     sample.image_id, sample.ordinal);
}
template <typename Row>
std::string where(const Run&, const Row&) {
  return "";
}

/// The payload a row points at, instead of where it lies.
std::string_view payload(const Run& run, const results::Slice& slice) {
  return {reinterpret_cast<const char*>(run.bytes.data()) + slice.offset, slice.length};
}

bool same_bytes(const auto& a, const auto& b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

bool same(const Run& a, results::Expression x, const Run& b, results::Expression y) {
  if (payload(a, x.bytes) != payload(b, y.bytes)) return false;
  x.bytes = y.bytes = {};
  return same_bytes(x, y);
}
bool same(const Run& a, results::Tokens x, const Run& b, results::Tokens y) {
  if (payload(a, x.bytes) != payload(b, y.bytes)) return false;
  x.bytes = y.bytes = {};
  return same_bytes(x, y);
}
bool same(const Run& a, results::Sentence x, const Run& b, results::Sentence y) {
  if (payload(a, x.text) != payload(b, y.text) || payload(a, x.target) != payload(b, y.target))
    return false;
  x.text = y.text = x.target = y.target = {};
  return same_bytes(x, y);
}
bool same(const Run& a, results::Image x, const Run& b, results::Image y) {
  if (payload(a, x.file_name) != payload(b, y.file_name)) return false;
  x.file_name = y.file_name = {};
  return same_bytes(x, y);
}
template <typename Row>
bool same(const Run&, const Row& x, const Run&, const Row& y) {
  return same_bytes(x, y);
}

template <typename Row>
void compare(const Run& file, const std::vector<Row>& in_file, const Run& shards,
             const std::vector<Row>& in_shards, std::string_view table, Verification& found) {
  if (in_file.size() != in_shards.size()) {
    found.problems.push_back(fmt::format("results.h5 /{} has {} rows, the shards have {}", table,
                                         in_file.size(), in_shards.size()));
    return;
  }
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < in_file.size(); ++i) {
    if (same(file, in_file[i], shards, in_shards[i])) continue;
    if (wrong++ > 0) continue;
    const std::string place = where(file, in_file[i]);
    found.problems.push_back(fmt::format("results.h5 /{} row {}{} is not what its shard holds",
                                         table, i, place.empty() ? "" : " (" + place + ")"));
  }
  if (wrong > 1)
    found.problems.push_back(fmt::format("results.h5 /{}: {} more rows differ", table, wrong - 1));
  found.rows += std::ssize(in_file);
}

std::filesystem::path shard_path(const std::filesystem::path& folder, const Process& process) {
  return folder / "shards" / process.file;
}

void check_shard(const Process& process, const std::filesystem::path& folder, Verification& found) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(shard_path(folder, process), error)) {
    found.problems.push_back(fmt::format("shards/{} is missing (attempt {} rank {})", process.file,
                                         process.attempt, process.rank));
    return;
  }
  try {
    const store::ShardContents shard =
        store::read_shard(shard_path(folder, process), store::Rows::commits_only);
    const store::Provenance& from = shard.provenance;
    if (from.attempt != process.attempt || from.rank != process.rank ||
        from.family != process.family || from.pack != process.pack || from.plan != process.plan) {
      found.problems.push_back(
          fmt::format("shards/{} is another file: its start record says attempt {} rank {}, "
                      "/attempts {} rank {}",
                      process.file, from.attempt, from.rank, process.attempt, process.rank));
    }
    if (shard.damage != process.damage || shard.valid_bytes < process.valid_bytes) {
      found.problems.push_back(fmt::format("shards/{} has {} readable bytes, it had {} ({})",
                                           process.file, shard.valid_bytes, process.valid_bytes,
                                           shard.damage.empty() ? "shorter" : shard.damage));
    }
    ++found.shards;
  } catch (const Error& problem) {
    found.problems.push_back(fmt::format("shards/{}: {}", process.file, problem.what()));
  }
}

void check_for_others(const Run& run, const std::filesystem::path& folder, Verification& found) {
  for (const std::filesystem::path& path : store::shards_of(folder)) {
    const bool known = std::ranges::any_of(run.processes, [&](const Process& process) {
      return process.file == path.filename().string();
    });
    if (!known) {
      found.problems.push_back(fmt::format(
          "shards/{} is newer than results.h5: reduce the run again", path.filename().string()));
    }
  }
}

}  // namespace

void check_hashes(const std::filesystem::path& folder, Verification& found) {
  const results::Reader reader(folder / "results.h5");
  const Fingerprints expected = fingerprints_of(reader.hashes());
  if (expected.rows != reader.attribute("fingerprint") ||
      expected.answers != reader.attribute("answers")) {
    found.problems.emplace_back("results.h5: its fingerprint is not that of its tables");
  }
  for (const std::string& table : reader.altered()) {
    found.problems.push_back(
        fmt::format("results.h5 /{} was altered: its rows do not have the hash they were written "
                    "with",
                    table));
  }
}

void check_shards(const Run& run, const std::filesystem::path& folder, Verification& found) {
  const std::size_t before = found.problems.size();
  for (const Process& process : run.processes) check_shard(process, folder, found);
  check_for_others(run, folder, found);
  if (found.problems.size() > before) return;  // the rows cannot be the same then
  const Run shards = load_run(folder);
  compare(run, run.expressions, shards, shards.expressions, "expressions", found);
  compare(run, run.units, shards, shards.units, "units", found);
  compare(run, run.cold_starts, shards, shards.cold_starts, "cold_starts", found);
  compare(run, run.samples, shards, shards.samples, "samples", found);
  compare(run, run.sentences, shards, shards.sentences, "sentences", found);
  compare(run, run.tokens, shards, shards.tokens, "tokens", found);
  compare(run, run.images, shards, shards.images, "images", found);
  compare(run, run.bundles, shards, shards.bundles, "bundles", found);
}

}  // namespace litebench::analysis::audit
