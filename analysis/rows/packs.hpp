#pragma once
// A variant that several packs computed counts once per seed. What is computed together decides last bits, so within a split
// the masks of one seed come from one pack; what the others found is compared with them.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/rows/shards.hpp"

namespace litebench::analysis {

class PackOwners {
 public:
  /// Counts the accuracy units of the chosen bundles: the pack with most of a variant's seed in a split owns it there, of
  /// several the one that was started first.
  PackOwners(const std::vector<LoadedShard>& shards, const std::vector<BundleRef>& chosen);

  /// Whether a shard's rows of the accuracy pass count. Indices are the run's.
  [[nodiscard]] bool counts(const LoadedShard& shard, std::int16_t split, std::int16_t protocol,
                            std::int16_t variant, std::int16_t seed) const;
  struct Where {
    std::int16_t split, protocol, variant, seed;
    auto operator<=>(const Where&) const = default;
  };
  /// What more than one pack computed.
  [[nodiscard]] const std::vector<Where>& shared() const { return shared_; }

 private:
  std::map<Where, std::string> owner_;
  std::vector<Where> shared_;
};

/// Compares the rows that do not count with those that do: one line per variant and split, for Run::notes.
std::vector<std::string> compare_packs(const Run& run, const std::vector<LoadedShard>& shards,
                                       const std::vector<BundleRef>& chosen,
                                       const PackOwners& owners);

}  // namespace litebench::analysis
