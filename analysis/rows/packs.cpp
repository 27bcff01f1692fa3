#include "analysis/rows/packs.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

#include <fmt/core.h>

namespace litebench::analysis {
namespace {

const LoadedShard& shard_of(const std::vector<LoadedShard>& shards, BundleRef ref) {
  return shards[static_cast<std::size_t>(ref.shard)];
}

const store::Bundle& bundle_of(const std::vector<LoadedShard>& shards, BundleRef ref) {
  return shard_of(shards, ref).contents.bundles[static_cast<std::size_t>(ref.bundle)];
}

/// Split and protocol of a bundle as the run's indices.
std::pair<std::int16_t, std::int16_t> place_of(const LoadedShard& shard,
                                               const store::Bundle& bundle) {
  return {mapped(shard.splits, bundle.commit.split, "split", shard),
          mapped(shard.protocols, bundle.commit.protocol, "protocol", shard)};
}

/// One expression of a variant, by what it is and not by where it lies.
using Key = std::tuple<std::int16_t, std::uint64_t, std::int16_t, std::int8_t>;

struct Moved {
  std::int64_t both = 0, different = 0;
  std::int64_t most = 0;  ///< pixels moved in the worst expression
};

}  // namespace

PackOwners::PackOwners(const std::vector<LoadedShard>& shards,
                       const std::vector<BundleRef>& chosen) {
  struct Claimant {
    std::int64_t units = 0;
    std::int32_t shard = 0;  // shards are sorted by attempt
  };
  std::map<Where, std::map<std::string, Claimant>> claimants;
  for (const BundleRef ref : chosen) {
    const LoadedShard& shard = shard_of(shards, ref);
    const store::Bundle& bundle = bundle_of(shards, ref);
    if (bundle.commit.pass != store::Pass::accuracy) continue;
    const auto [split, protocol] = place_of(shard, bundle);
    for (const store::UnitRow& unit : bundle.units) {
      const std::int16_t variant = mapped(shard.variants, unit.variant, "variant", shard);
      const auto [claimant, fresh] = claimants[{split, protocol, variant, unit.seed}].try_emplace(
          shard.contents.provenance.pack, Claimant{0, ref.shard});
      ++claimant->second.units;
      claimant->second.shard = std::min(claimant->second.shard, ref.shard);
    }
  }
  for (const auto& [where, packs] : claimants) {
    const auto owner = std::ranges::max_element(packs, [](const auto& a, const auto& b) {
      return std::pair(a.second.units, -a.second.shard) <
             std::pair(b.second.units, -b.second.shard);
    });
    owner_[where] = owner->first;
    if (packs.size() > 1) shared_.push_back(where);
  }
}

bool PackOwners::counts(const LoadedShard& shard, std::int16_t split, std::int16_t protocol,
                        std::int16_t variant, std::int16_t seed) const {
  if (shared_.empty()) return true;
  const auto owner = owner_.find({split, protocol, variant, seed});
  return owner == owner_.end() || owner->second == shard.contents.provenance.pack;
}

std::vector<std::string> compare_packs(const Run& run, const std::vector<LoadedShard>& shards,
                                       const std::vector<BundleRef>& chosen,
                                       const PackOwners& owners) {
  if (owners.shared().empty()) return {};
  const std::set<PackOwners::Where> shared(owners.shared().begin(), owners.shared().end());
  std::map<Key, store::ExpressionRow> counted;
  std::map<std::tuple<std::int16_t, std::int16_t, std::int16_t>, Moved> moved_in;
  for (const bool first : {true, false}) {
    for (const BundleRef ref : chosen) {
      const LoadedShard& shard = shard_of(shards, ref);
      const store::Bundle& bundle = bundle_of(shards, ref);
      if (bundle.commit.pass != store::Pass::accuracy) continue;
      const auto [split, protocol] = place_of(shard, bundle);
      for (const store::ExpressionRow& row : bundle.expressions) {
        const std::int16_t variant = mapped(shard.variants, row.variant, "variant", shard);
        if (!shared.contains({split, protocol, variant, row.seed}) || row.status != store::Status::ok)
          continue;
        const Key key{variant, row.sample_id, row.seed, row.turn};
        const bool counts = owners.counts(shard, split, protocol, variant, row.seed);
        if (first && counts) counted.emplace(key, row);
        const auto other = first || counts ? counted.end() : counted.find(key);
        if (other == counted.end()) continue;
        Moved& moves = moved_in[{split, protocol, variant}];
        const std::int64_t moved = std::abs(other->second.intersection - row.intersection) +
                                   std::abs(other->second.union_ - row.union_);
        ++moves.both;
        moves.different += other->second.mask_hash == row.mask_hash ? 0 : 1;
        moves.most = std::max(moves.most, moved);
      }
    }
  }
  std::vector<std::string> notes;
  for (const auto& [where, moves] : moved_in) {
    const auto& [split, protocol, variant] = where;
    notes.push_back(fmt::format(
        "{} in {}{} was computed in several packs: {} of {} masks differ, by {} pixels at most",
        run.variants[static_cast<std::size_t>(variant)].id,
        run.splits[static_cast<std::size_t>(split)],
        run.protocols.size() > 1 ? fmt::format(" protocol {}", protocol) : "", moves.different,
        moves.both, moves.most));
  }
  return notes;
}

}  // namespace litebench::analysis
