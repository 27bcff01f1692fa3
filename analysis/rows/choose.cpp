// One commit per bundle, and what its repetitions say about determinism.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <tuple>
#include <unordered_map>

#include <fmt/core.h>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/rows/shards.hpp"
#include "shards/store/cold_start.hpp"

namespace litebench::analysis {
namespace {

const store::Bundle& bundle_of(const std::vector<LoadedShard>& shards, BundleRef ref) {
  return shards[static_cast<std::size_t>(ref.shard)]
      .contents.bundles[static_cast<std::size_t>(ref.bundle)];
}

bool has_transient_rows(const store::Bundle& bundle) {
  return std::any_of(bundle.units.begin(), bundle.units.end(),
                     [](const store::UnitRow& unit) { return store::is_transient(unit.status); });
}

/// Where masks are computed, without the names that differ between equal machines and what concerns times alone.
std::vector<std::pair<std::string, std::string>> numeric_environment(const Process& process) {
  static constexpr std::array<std::string_view, 10> kPlaces{
      "host",     "hostname", "pid",     "start",
      "local_rank", "gpu_uuid", "data.root", kLoadSeconds, "compute", "weights"};
  auto entries = process.environment;
  std::erase_if(entries, [](const auto& e) {
    return std::find(kPlaces.begin(), kPlaces.end(), e.first) != kPlaces.end();
  });
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Across machines last bits differ, and with them pixels whose logit is nearly 0.
bool within_tolerance(const store::ExpressionRow& a, const store::ExpressionRow& b) {
  const std::int64_t moved =
      std::abs(a.intersection - b.intersection) + std::abs(a.union_ - b.union_);
  return a.status == b.status && moved <= 16 + std::max(a.union_, b.union_) / 1000;
}

bool identical(const store::ExpressionRow& a, const store::ExpressionRow& b) {
  return a.status == b.status && a.mask_hash == b.mask_hash && a.intersection == b.intersection &&
         a.union_ == b.union_;
}

/// Compares two commits of one bundle expression by expression.
class Audit {
 public:
  Audit(Run& run, const std::vector<LoadedShard>& shards) : run_(run), shards_(shards) {}

  void compare(BundleRef chosen, BundleRef other) {
    const auto a = static_cast<std::size_t>(chosen.shard);
    const auto b = static_cast<std::size_t>(other.shard);
    const bool same =
        numeric_environment(run_.processes[a]) == numeric_environment(run_.processes[b]);
    std::map<Key, store::ExpressionRow> expected;
    for (const auto& row : bundle_of(shards_, chosen).expressions)
      expected.emplace(key_of(shards_[a], row), row);
    for (const auto& row : bundle_of(shards_, other).expressions) {
      const auto at = expected.find(key_of(shards_[b], row));
      if (at == expected.end() || store::is_transient(at->second.status) ||
          store::is_transient(row.status))
        continue;
      if (identical(at->second, row) || (!same && within_tolerance(at->second, row))) continue;
      report(chosen, other, at->second, row, same);
      return;
    }
  }

 private:
  using Key = std::tuple<std::uint64_t, std::int16_t, std::int16_t, std::int8_t>;

  static Key key_of(const LoadedShard& shard, const store::ExpressionRow& row) {
    return {row.sample_id, mapped(shard.variants, row.variant, "variant", shard), row.seed,
            row.turn};
  }

  void report(BundleRef chosen, BundleRef other, const store::ExpressionRow& first,
              const store::ExpressionRow& second, bool same) {
    const LoadedShard& shard = shards_[static_cast<std::size_t>(chosen.shard)];
    const store::CommitRow& commit = bundle_of(shards_, chosen).commit;
    run_.disagreements.push_back(
        {commit.bundle_id,
         fmt::format("{} image {} {} turn {}: {}/{} pixels in {}, {}/{} in {}",
                     run_.splits[static_cast<std::size_t>(
                         mapped(shard.splits, commit.split, "split", shard))],
                     commit.image_id,
                     run_.variants[static_cast<std::size_t>(
                                       mapped(shard.variants, first.variant, "variant", shard))]
                         .id,
                     first.turn, first.intersection, first.union_,
                     run_.processes[static_cast<std::size_t>(chosen.shard)].file,
                     second.intersection, second.union_,
                     run_.processes[static_cast<std::size_t>(other.shard)].file),
         same});
  }

  Run& run_;
  const std::vector<LoadedShard>& shards_;
};

using Commits = std::unordered_map<std::uint64_t, std::vector<BundleRef>>;

Commits commits_by_bundle(const std::vector<LoadedShard>& shards) {
  Commits commits;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const auto& bundles = shards[s].contents.bundles;
    for (std::size_t b = 0; b < bundles.size(); ++b) {
      commits[bundles[b].commit.bundle_id].push_back(
          {static_cast<std::int32_t>(s), static_cast<std::int32_t>(b)});
    }
  }
  return commits;
}

void mark_plan(Run& run, const std::vector<LoadedShard>& shards,
               const std::unordered_map<std::uint64_t, BundleRef>& chosen) {
  for (PlannedBundle& planned : run.plan) {
    const auto at = chosen.find(planned.bundle_id);
    if (at == chosen.end()) continue;
    // More repeats than the least are no reason against a bundle, and first runs none for it.
    const std::vector<store::UnitRow>& units = bundle_of(shards, at->second).units;
    planned.done = std::count_if(units.begin(), units.end(), [](const store::UnitRow& unit) {
                     return !store::is_cold_start(unit.repeat);
                   }) >= planned.units;
  }
}

}  // namespace

std::vector<BundleRef> choose_bundles(Run& run, const std::vector<LoadedShard>& shards) {
  Audit audit(run, shards);
  std::unordered_map<std::uint64_t, BundleRef> by_id;
  std::vector<BundleRef> chosen;
  for (const auto& [id, refs] : commits_by_bundle(shards)) {  // refs are in attempt order
    const auto clean = std::find_if(refs.begin(), refs.end(), [&](BundleRef ref) {
      return !has_transient_rows(bundle_of(shards, ref));
    });
    const BundleRef first = clean == refs.end() ? refs.front() : *clean;
    by_id.emplace(id, first);
    chosen.push_back(first);
    if (refs.size() > 1) ++run.audited_bundles;
    for (const BundleRef& other : refs) {
      if (other.shard != first.shard || other.bundle != first.bundle) audit.compare(first, other);
    }
  }
  std::sort(run.disagreements.begin(), run.disagreements.end(),
            [](const Disagreement& a, const Disagreement& b) {
              return std::tie(a.what, a.bundle_id) < std::tie(b.what, b.bundle_id);
            });
  mark_plan(run, shards, by_id);
  const auto key = [&](BundleRef ref) {
    const store::CommitRow& c = bundle_of(shards, ref).commit;
    const LoadedShard& shard = shards[static_cast<std::size_t>(ref.shard)];
    return std::tuple(mapped(shard.splits, c.split, "split", shard),
                      mapped(shard.protocols, c.protocol, "protocol", shard), c.image_id, c.pass,
                      c.bundle_id);
  };
  std::sort(chosen.begin(), chosen.end(),
            [&](BundleRef a, BundleRef b) { return key(a) < key(b); });
  return chosen;
}

}  // namespace litebench::analysis
