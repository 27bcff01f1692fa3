#include "analysis/rows/shards.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/core.h>

#include "analysis/rows/families.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "shards/store/log_reader_process.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::analysis {
namespace {

/// Positions of `local` names in `common`, which grows by the names it lacks.
std::vector<std::int16_t> unify(std::vector<std::string>& common,
                                const std::vector<std::string>& local) {
  std::vector<std::int16_t> map;
  for (const std::string& name : local) {
    const auto at = std::find(common.begin(), common.end(), name);
    map.push_back(static_cast<std::int16_t>(at - common.begin()));
    if (at == common.end()) common.push_back(name);
  }
  return map;
}

Variant describe(const std::string& id, const std::string& json) {
  const unit::Variant parsed = unit::parse_variant(id);
  return {id,
          unit::method_spelling(parsed),
          json,
          parsed.tokens,
          std::string(unit::name_of(parsed.mode)),
          std::string(unit::name_of(parsed.position)),
          std::string(unit::name_of(parsed.order))};
}

std::vector<std::int16_t> unify_variants(std::vector<Variant>& common,
                                         const store::Provenance& from) {
  std::vector<std::int16_t> map;
  for (std::size_t i = 0; i < from.variants.size(); ++i) {
    const auto at = std::find_if(common.begin(), common.end(),
                                 [&](const Variant& v) { return v.id == from.variants[i]; });
    map.push_back(static_cast<std::int16_t>(at - common.begin()));
    if (at != common.end()) continue;
    common.push_back(
        describe(from.variants[i], i < from.variant_json.size() ? from.variant_json[i] : ""));
  }
  return map;
}

Process process_of(const store::ShardContents& contents, const std::filesystem::path& path) {
  const store::Provenance& from = contents.provenance;
  Process process;
  process.attempt = from.attempt;
  process.file = path.filename().string();
  process.rank = from.rank;
  process.ranks = from.ranks;
  process.family = from.family;
  process.pack = from.pack;
  process.plan = from.plan;
  process.clean_end = contents.clean_end;
  process.valid_bytes = contents.valid_bytes;
  process.total_bytes = contents.total_bytes;
  process.damage = contents.damage;
  process.config = from.config;
  process.environment = from.environment;
  return process;
}

/// Shards of several families cannot be one table (design §10.2).
void check_families(Run& run, const std::vector<LoadedShard>& shards) {
  std::set<std::string> reported{run.processes.front().family};
  for (std::size_t s = 1; s < shards.size(); ++s) {
    if (!reported.insert(run.processes[s].family).second) continue;
    const unit::Parts& first = shards.front().contents.provenance.family_parts;
    const unit::Parts& other = shards[s].contents.provenance.family_parts;
    std::string difference = family_difference(first, other);
    if (difference.empty() && !first_difference(first, other).empty()) continue;  // other data sets
    if (difference.empty()) difference = "their keys differ";
    run.conflicts.push_back(fmt::format("{} and {} cannot be merged: {}",
                                        run.processes.front().file, run.processes[s].file,
                                        difference));
  }
}

void add_plan(Run& run, const LoadedShard& shard,
              std::unordered_map<std::uint64_t, std::size_t>& known) {
  for (const store::PlannedBundle& planned : shard.contents.plan) {
    if (!known.try_emplace(planned.bundle_id, run.plan.size()).second) continue;
    PlannedBundle bundle;
    bundle.bundle_id = planned.bundle_id;
    bundle.pass = planned.pass;
    bundle.split = mapped(shard.splits, planned.split, "split", shard);
    bundle.protocol = mapped(shard.protocols, planned.protocol, "protocol", shard);
    bundle.image_id = planned.image_id;
    bundle.units = planned.units;
    run.plan.push_back(bundle);
  }
}

/// Data sets and splits are int8 in results.h5, variants and protocols int16.
void check_limits(const Run& run) {
  constexpr std::size_t kSmall = std::numeric_limits<std::int8_t>::max();
  constexpr std::size_t kLarge = std::numeric_limits<std::int16_t>::max();
  if (std::max(run.datasets.size(), run.splits.size()) <= kSmall &&
      std::max(run.variants.size(), run.protocols.size()) <= kLarge) {
    return;
  }
  throw Error(ExitCode::data, fmt::format("cannot reduce {}", run.directory.string()),
              fmt::format("it names {} splits and {} variants, more than {} and {}",
                          run.splits.size(), run.variants.size(), kSmall, kLarge),
              "move damaged shards away, or reduce parts of the run");
}

}  // namespace

std::int16_t mapped(const std::vector<std::int16_t>& map, std::int64_t local, const char* what,
                    const LoadedShard& shard) {
  if (local >= 0 && local < static_cast<std::int64_t>(map.size()))
    return map[static_cast<std::size_t>(local)];
  throw Error(ExitCode::data,
              fmt::format("shard of attempt {} rank {} is damaged",
                          shard.contents.provenance.attempt, shard.contents.provenance.rank),
              fmt::format("a row names {} {} of {}", what, local, map.size()),
              "move the shard away and run again; its bundles are redone");
}

std::vector<LoadedShard> load_shards(Run& run) {
  const std::vector<std::filesystem::path> paths = store::shards_of(run.directory);
  std::vector<std::optional<LoadedShard>> read(paths.size());
  std::vector<std::string> problems(paths.size());
  store::LogReaders readers(threads_for(paths.size(), 0));
  parallel_for(paths.size(), 0, [&](std::size_t i) {
    try {
      read[i] = LoadedShard{store::read_shard(paths[i], store::Rows::all, &readers), {}, {}, {}, {}};
    } catch (const Error& error) {
      problems[i] = fmt::format("{}: {}", paths[i].filename().string(), error.what());
    }
  });
  std::vector<std::pair<std::filesystem::path, LoadedShard>> found;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (read[i]) found.emplace_back(paths[i], std::move(*read[i]));
    if (!problems[i].empty()) run.unreadable.push_back(problems[i]);
    read[i].reset();
  }
  if (found.empty()) {
    throw Error(
        ExitCode::data, fmt::format("{} holds no readable shard", run.directory.string()),
        run.unreadable.empty() ? "there are no files in its folder shards" : run.unreadable.front(),
        "give the output folder of a run");
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    const store::Provenance& left = a.second.contents.provenance;
    const store::Provenance& right = b.second.contents.provenance;
    return std::tie(left.attempt, left.rank, a.first) <
           std::tie(right.attempt, right.rank, b.first);
  });
  std::vector<LoadedShard> shards;
  std::unordered_map<std::uint64_t, std::size_t> known_plan;
  for (auto& [path, shard] : found) {
    const store::Provenance& from = shard.contents.provenance;
    run.processes.push_back(process_of(shard.contents, path));
    shard.datasets = unify(run.datasets, from.datasets);
    shard.splits = unify(run.splits, from.splits);
    shard.protocols = unify(run.protocols, from.protocol_json);
    shard.variants = unify_variants(run.variants, from);
    add_plan(run, shard, known_plan);
    shards.push_back(std::move(shard));
  }
  check_limits(run);
  check_families(run, shards);
  return shards;
}

}  // namespace litebench::analysis
