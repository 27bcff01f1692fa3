#pragma once
// Who is who in a pruned sequence: for every row its kind, the patch it came from, its position id
// and whether it is still there (pruners.md §8.4). Replaces fixed offsets of the image span and
// padded [SEG] masks.

#include <cstdint>
#include <span>
#include <vector>

#include "model/prune/token_plan.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::prune {

inline constexpr std::int64_t kImagePlaceholder = -200;  ///< the id that the visual rows replace

enum class RowKind : std::uint8_t { text, visual, synthetic };

struct LedgerRow {
  RowKind kind = RowKind::text;
  bool alive = true;         ///< a state, not a deletion: dropped rows stay in the table
  std::int32_t origin = -1;  ///< patch in raster order; −1 for text, CLS and merged rows
  float anchor = 0;  ///< patch coordinate (−1 = just before the first patch); unused for text
  std::int64_t unpruned = 0;  ///< text: its position in the unpruned sequence
  std::int64_t position = 0;  ///< rotary position id now
};

/// The visual rows that enter a decoder layer, where that set differs from the layer before.
struct VisualSet {
  std::int64_t layer = 0;
  std::vector<std::int16_t> origins;  ///< emitted order, −1 for synthetic
};

struct LedgerOptions {
  unit::PositionPolicy position = unit::PositionPolicy::compact;  ///< not native: see policies.hpp
  std::int64_t patches = 576;
  std::int64_t seg_token = 32004;
  std::vector<std::int64_t> turn_ends = {};  ///< input ids right before each answer
};

class TokenLedger {
 public:
  /// Splices: the image placeholder in `input_ids` becomes the rows of `plan` (over CLS + patches,
  /// see gather_patches). Wanted rows are those right before each [SEG] (upstream.md §3.7). Throws
  /// Error{data} unless there is exactly one placeholder and every [SEG] follows a text token.
  TokenLedger(std::span<const std::int64_t> input_ids, const TokenPlan& plan,
              const LedgerOptions& options);

  [[nodiscard]] std::int64_t length() const { return static_cast<std::int64_t>(live_.size()); }
  [[nodiscard]] std::int64_t visual_begin() const { return visual_begin_; }
  [[nodiscard]] std::int64_t visual_count() const { return visual_count_; }
  [[nodiscard]] const LedgerRow& row(std::int64_t live_index) const;
  [[nodiscard]] std::span<const LedgerRow> table() const { return rows_; }  ///< dead rows included
  [[nodiscard]] std::vector<std::int64_t> positions() const;                ///< of the live rows

  /// Live index of every wanted row, in the order of the [SEG] tokens (or as given to `want`).
  [[nodiscard]] std::vector<std::int64_t> wanted() const;
  /// Live indices of the rows right before each answer, ascending; those that were truncated are
  /// missing.
  [[nodiscard]] std::vector<std::int64_t> turn_ends() const;
  /// Wants other live rows than those before [SEG].
  void want(std::span<const std::int64_t> live_indices);
  /// Forgets the rows from `length` on (lean truncation); they must be text and not wanted.
  void truncate(std::int64_t length);

  /// A plan over the live visual rows, its rows in the order of the patches they stand for.
  [[nodiscard]] TokenPlan in_raster_order(const TokenPlan& plan) const;
  /// Replaces the live visual rows by plan·rows at the input of decoder layer `layer`; positions
  /// follow the policy.
  void cut(const TokenPlan& plan, std::int64_t layer);
  /// Called once per decoder layer that runs, in order.
  void enter_layer();

  [[nodiscard]] std::span<const std::int64_t> entering() const {
    return entering_;
  }  ///< visual rows per layer
  [[nodiscard]] double layer_mean() const;
  [[nodiscard]] std::int64_t kept() const;  ///< visual rows entering layer 0
  [[nodiscard]] std::int64_t kept_last() const { return visual_count_; }
  [[nodiscard]] std::span<const VisualSet> visual_sets() const { return sets_; }
  [[nodiscard]] std::int64_t prefill_tokens() const {
    return prefill_tokens_;
  }  ///< S = T − 1 + N at layer 0

 private:
  void place();
  [[nodiscard]] float anchor_of(const TokenPlan& plan, std::int64_t row) const;
  [[nodiscard]] std::vector<std::int64_t> live_indices(std::span<const std::size_t> rows) const;
  void record_set(std::int64_t layer);

  LedgerOptions options_;
  std::vector<LedgerRow> rows_;
  std::vector<std::size_t>
      live_;  ///< indices into rows_, sequence order; the visual rows are contiguous
  std::vector<std::size_t> wanted_, turn_ends_;  ///< indices into rows_
  std::int64_t visual_begin_ = 0, visual_count_ = 0, prefill_tokens_ = 0;
  std::vector<std::int64_t> entering_;
  std::vector<VisualSet> sets_;
};

}  // namespace litebench::prune
