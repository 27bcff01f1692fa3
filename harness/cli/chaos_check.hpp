#pragma once
// What must not change however often a run is hurt. Private to `litebench chaos`.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace litebench::cli::chaos {

/// Follows the committed bundles of a run folder from one look to the next.
class Ledger {
 public:
  explicit Ledger(std::filesystem::path run) : run_(std::move(run)) {}

  /// Reads all shards. Returns a line for every bundle that was there before and is gone or has
  /// another time now. Bundles in shards that were damaged on purpose may be missing.
  std::vector<std::string> look();
  [[nodiscard]] std::size_t bundles() const { return known_.size(); }

  /// Flips one bit of one shard; nothing when there is none yet. Returns what was done.
  std::string flip_a_bit(std::uint64_t random);

 private:
  struct Commit {
    std::string shard;
    std::int64_t begin_ns = 0, duration_ns = 0;
  };
  std::filesystem::path run_;
  std::map<std::pair<std::string, std::uint64_t>, Commit> known_;  // shard and bundle
  std::vector<std::string> damaged_;
};

/// What differs between two finished runs apart from ranks, attempts and times: rows of results.h5
/// with their masks and kept tokens, and the accuracy tables byte by byte. Empty: nothing.
std::vector<std::string> differences_of_runs(const std::filesystem::path& expected,
                                             const std::filesystem::path& found);

}  // namespace litebench::cli::chaos
