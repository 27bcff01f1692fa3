#pragma once
// A variant that several packs computed counts once. What is computed together decides last bits, so within a split its
// masks come from one pack; what the others found is compared with them.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/rows/shards.hpp"

namespace litebench::analysis {

class PackOwners {
 public:
  /// Counts the accuracy units of the chosen bundles: the pack with most of a variant in a split owns it there, of several
  /// the one that was started first.
  PackOwners(const std::vector<LoadedShard>& shards, const std::vector<BundleRef>& chosen);

  /// Whether a shard's rows of the accuracy pass count. Indices are the run's.
  [[nodiscard]] bool counts(const LoadedShard& shard, std::int16_t split, std::int16_t protocol,
                            std::int16_t variant) const;
  /// Variants that more than one pack computed, as (split, protocol, variant).
  [[nodiscard]] const std::vector<std::tuple<std::int16_t, std::int16_t, std::int16_t>>& shared()
      const {
    return shared_;
  }

 private:
  using Where = std::tuple<std::int16_t, std::int16_t, std::int16_t>;
  std::map<Where, std::string> owner_;
  std::vector<Where> shared_;
};

/// Compares the rows that do not count with those that do: one line per variant and split, for Run::notes.
std::vector<std::string> compare_packs(const Run& run, const std::vector<LoadedShard>& shards,
                                       const std::vector<BundleRef>& chosen,
                                       const PackOwners& owners);

}  // namespace litebench::analysis
