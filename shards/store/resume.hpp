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

using KeyParts = std::vector<std::pair<std::string, std::string>>;

/// What this start is going to compute.
struct ResumeRequest {
  std::string family;
  KeyParts family_parts;   ///< for the message when they differ
};

/// Variants that earlier attempts computed together.
struct FoundPack {
  std::string key;
  KeyParts parts;
  std::vector<std::string> variants, variant_json;   ///< as in Provenance
  std::filesystem::path shard;                       ///< the first that has it, for messages
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
  std::unordered_set<std::uint64_t> quarantined; ///< whose rows say poisoned or timeout
  std::unordered_map<std::uint64_t, std::int32_t> planned_units;   ///< of every bundle that a start planned
  std::array<std::uint64_t, 2> count{};          ///< per Pass
  std::array<double, 2> mean_seconds{};          ///< per Pass, 0 without any
  std::vector<FoundPack> packs;                  ///< in the order of their first attempts
  std::vector<Duplicate> duplicates;
  std::vector<Unreadable> unreadable;
  std::uint64_t attempts = 0;
};

/// Reads all shards under RUN/shards; those of live or killed processes too.
/// Throws Error{usage} when a shard has another family, naming the parts that changed.
DoneSet scan_done(const std::filesystem::path& run, const ResumeRequest& request);

/// "dtype: fp32 then, bf16 now" for every part that differs.
std::vector<std::string> differences(const KeyParts& then, const KeyParts& now);

/// Error{usage}: these rows cannot be mixed with what `shard` holds, because of `what`.
[[noreturn]] void refuse_resume(std::string_view key, const std::filesystem::path& shard, std::string_view what);

}  // namespace litebench::store
