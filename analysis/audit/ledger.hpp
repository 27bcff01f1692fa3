#pragma once
// The rows that count, found again for audits. Nothing here is shared with rows/pairing or metrics/: a mistake there must
// not hide itself. Plain loops over /expressions and /units, no sums kept.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/rows/run.hpp"

namespace litebench::analysis::audit {

/// Which rows: a split (index, −1: all), a protocol, a variant.
struct Where {
  std::int16_t protocol = 0, split = 0, variant = 0;
};

/// A unit of the latency pass and the baseline's unit of the same sample, attempt and repeat.
struct Pair {
  std::size_t own = 0, baseline = 0;  ///< rows of /units
};

class Ledger {
 public:
  explicit Ledger(const Run& run);

  [[nodiscard]] const Run& run() const { return run_; }
  /// Seeds with at least one row that counts.
  [[nodiscard]] std::vector<std::int16_t> seeds(const Where& where) const;
  /// Rows of /expressions that count, in evaluation order.
  [[nodiscard]] const std::vector<std::size_t>& rows(const Where& where, std::int16_t seed) const;
  /// Position in the order of evaluation, and number of samples, of the sample of a row of /expressions.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> place(std::size_t row) const;
  /// How often the reference's padded sampler visits the sample of a row: it deals n samples to R ranks and starts again
  /// at the beginning until all ranks have equally many (upstream.md §7.7).
  [[nodiscard]] std::int64_t visits(std::size_t row, std::int64_t ranks) const;
  /// Samples of the split that do not count, with the first reason: "image 7 sample 0 (oom in random@64)".
  [[nodiscard]] std::vector<std::string> left_out(const Where& where) const;
  [[nodiscard]] bool infeasible(const Where& where) const;
  /// Rows of /units with status ok, both passes.
  [[nodiscard]] std::vector<std::size_t> units(const Where& where) const;
  /// Latency units that have a partner.
  [[nodiscard]] std::vector<Pair> pairs(const Where& where, std::int16_t baseline) const;

 private:
  using Key = std::tuple<std::int16_t, std::int16_t, std::int16_t, std::int16_t>;
  void find_expected();
  void judge_samples();
  void collect();

  const Run& run_;
  /// split, protocol -> variant, seed
  std::map<std::pair<std::int16_t, std::int16_t>, std::set<std::pair<std::int16_t, std::int16_t>>>
      expected_;
  std::set<std::tuple<std::int16_t, std::int16_t, std::int16_t>> infeasible_;
  std::map<std::uint64_t, std::size_t> sample_at_;  // sample id -> row of /samples
  std::map<std::uint64_t, std::string>
      reason_;  // sample id -> why it does not count; "" when it does
  std::map<std::pair<std::int16_t, std::int16_t>, std::int64_t> samples_in_;  // split, protocol
  std::map<Key, std::vector<std::size_t>> rows_;
};

}  // namespace litebench::analysis::audit
