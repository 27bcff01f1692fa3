#include "shards/store/resume.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "shards/store/log_reader_process.hpp"

namespace litebench::store {
namespace {

void add_pack(std::vector<FoundPack>& packs, const Provenance& from, const std::filesystem::path& shard) {
  const auto same = [&](const FoundPack& pack) { return pack.key == from.pack; };
  if (std::none_of(packs.begin(), packs.end(), same))
    packs.push_back({from.pack, from.pack_parts, from.variants, from.variant_json, shard});
}

/// What two computations of a bundle must agree on. Times differ, so only expression rows count.
std::uint64_t answers_of(const Bundle& bundle) {
  // All fields in whole words: nothing between them that the hash could see.
  using Answer = std::array<std::uint64_t, 5>;
  std::vector<Answer> answers;
  answers.reserve(bundle.expressions.size());
  for (const ExpressionRow& row : bundle.expressions) {
    const auto small = [](auto value, int shift) { return std::uint64_t{static_cast<std::uint16_t>(value)} << shift; };
    const std::uint64_t which = small(row.variant, 0) | small(row.seed, 16) | small(row.turn, 32) | small(row.status, 48);
    answers.push_back({row.sample_id, which, static_cast<std::uint64_t>(row.intersection),
                       static_cast<std::uint64_t>(row.union_), row.mask_hash});
  }
  std::sort(answers.begin(), answers.end());
  return hash64(std::as_bytes(std::span(answers)));
}

struct Committed {
  std::string attempt;
  std::int64_t begin_ns;
  std::uint64_t bundle_id, answers;
  Pass pass;
  double seconds;

  bool operator<(const Committed& other) const {
    return std::tie(attempt, begin_ns) < std::tie(other.attempt, other.begin_ns);
  }
};

/// Attempts sort by their start time, since their ids begin with it.
void count_earliest(std::vector<Committed> commits, DoneSet& done) {
  std::stable_sort(commits.begin(), commits.end());
  std::unordered_map<std::uint64_t, const Committed*> counted;
  for (const Committed& commit : commits) {
    const auto [place, is_new] = counted.emplace(commit.bundle_id, &commit);
    if (!is_new) {
      done.duplicates.push_back({commit.bundle_id, place->second->attempt, commit.attempt,
                                 place->second->answers == commit.answers});
      continue;
    }
    done.bundles.insert(commit.bundle_id);
    const auto pass = static_cast<std::size_t>(commit.pass) % done.count.size();
    ++done.count[pass];
    done.mean_seconds[pass] += (commit.seconds - done.mean_seconds[pass]) / static_cast<double>(done.count[pass]);
  }
}

}  // namespace

std::vector<std::string> differences(const KeyParts& then, const KeyParts& now) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : then) values[name].first = value;
  for (const auto& [name, value] : now) values[name].second = value;
  std::vector<std::string> lines;
  const auto shown = [](const std::string& value) { return value.empty() ? "nothing" : value; };
  for (const auto& [name, both] : values) {
    if (both.first != both.second) lines.push_back(fmt::format("{}: {} then, {} now", name, shown(both.first), shown(both.second)));
  }
  return lines;
}

void refuse_resume(std::string_view key, const std::filesystem::path& shard, std::string_view what) {
  throw Error(ExitCode::usage, fmt::format("cannot resume: the {} key differs from that of {}", key, shard.string()), what,
              "undo the change, choose another output directory, or start with --fresh");
}

namespace {

/// What one shard tells a start.
struct ScannedShard {
  ShardContents contents;   // without bundles
  std::vector<Committed> commits;
  std::vector<std::uint64_t> quarantined;
  std::string unreadable;   // not empty: why nothing else is there

  void note(const Bundle& bundle) {
    const auto failed = [](const UnitRow& unit) { return is_transient(unit.status); };
    const auto given_up = [](const UnitRow& unit) {
      return unit.status == Status::poisoned || unit.status == Status::timeout;
    };
    const CommitRow& c = bundle.commit;
    if (std::any_of(bundle.units.begin(), bundle.units.end(), given_up)) quarantined.push_back(c.bundle_id);
    if (std::any_of(bundle.units.begin(), bundle.units.end(), failed)) return;
    commits.push_back({"", c.begin_ns, c.bundle_id, answers_of(bundle), c.pass, 1e-9 * static_cast<double>(c.duration_ns)});
  }
};

ScannedShard scan_shard(const std::filesystem::path& path, LogReaders& readers) {
  ScannedShard shard;
  try {
    shard.contents = visit_shard(path, [&](Bundle&& bundle) { shard.note(bundle); }, Rows::all, &readers);
  } catch (const Error& error) {
    shard = {};
    shard.unreadable = error.what();
  }
  return shard;
}

void check_family(const Provenance& p, const ResumeRequest& request, const std::filesystem::path& shard) {
  if (p.family == request.family) return;
  const std::vector<std::string> lines = differences(p.family_parts, request.family_parts);
  refuse_resume("family", shard, lines.empty() ? fmt::format("key {} then, {} now", p.family, request.family)
                                               : fmt::format("{}", fmt::join(lines, "; ")));
}

}  // namespace

DoneSet scan_done(const std::filesystem::path& run, const ResumeRequest& request) {
  const std::vector<std::filesystem::path> paths = shards_of(run);
  std::vector<ScannedShard> shards(paths.size());
  LogReaders readers(threads_for(paths.size(), 0));
  parallel_for(paths.size(), 0, [&](std::size_t i) { shards[i] = scan_shard(paths[i], readers); });
  DoneSet done;
  std::vector<Committed> commits;
  std::unordered_set<std::string> attempts;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    done.quarantined.insert(shards[i].quarantined.begin(), shards[i].quarantined.end());
    if (!shards[i].unreadable.empty()) {
      done.unreadable.push_back({paths[i], shards[i].unreadable, 0});
      continue;
    }
    const ShardContents& contents = shards[i].contents;
    const Provenance& p = contents.provenance;
    check_family(p, request, paths[i]);
    add_pack(done.packs, p, paths[i]);
    if (!contents.damage.empty()) done.unreadable.push_back({paths[i], contents.damage, contents.lost_bundles});
    for (const PlannedBundle& planned : contents.plan)
      done.planned_units[std::uint64_t{planned.bundle_id}] = planned.units;
    attempts.insert(p.attempt);
    for (Committed& commit : shards[i].commits) commit.attempt = p.attempt;
    commits.insert(commits.end(), shards[i].commits.begin(), shards[i].commits.end());
  }
  done.attempts = attempts.size();
  count_earliest(std::move(commits), done);
  return done;
}

}  // namespace litebench::store
