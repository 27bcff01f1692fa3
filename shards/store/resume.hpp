#pragma once
// What earlier attempts of a run have done.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "shards/store/rows.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {

/// What this start is going to compute.
struct ResumeRequest {
  std::string family, pack;
  std::vector<std::pair<std::string, std::string>> family_parts, pack_parts;   ///< for the message when they differ
};

/// A bundle that two attempts committed: the earlier counts, the other audits it.
struct Duplicate {
  std::uint64_t bundle_id = 0;
  std::string counted, audit;   ///< attempts
  bool equal = false;           ///< same expressions with the same masks, areas and status
};

/// A shard that cannot be read, or only in part; its bundles are done again.
struct Unreadable {
  std::filesystem::path path;
  std::string reason;
  std::uint64_t lost_bundles = 0;
};

struct DoneSet {
  std::unordered_set<std::uint64_t> bundles;     ///< without those that ran out of memory or time
  std::unordered_map<std::uint64_t, std::int32_t> planned_units;   ///< of every bundle that a start planned
  std::array<std::uint64_t, 2> count{};          ///< per Pass
  std::array<double, 2> mean_seconds{};          ///< per Pass, 0 without any
  std::vector<Duplicate> duplicates;
  std::vector<Unreadable> unreadable;
  std::uint64_t attempts = 0;
};

/// Reads all shards under RUN/shards; those of live or killed processes too.
/// Throws Error{usage} when a shard has another family or pack, naming the key and the parts that changed.
DoneSet scan_done(const std::filesystem::path& run, const ResumeRequest& request);

}  // namespace litebench::store
