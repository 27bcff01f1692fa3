#pragma once
// What a pruning method decides: a linear map Y = W·X from the rows it was shown to the rows that
// go on (pruners.md §8.2). Selecting is one 1 per row, merging is several weights per row, dropping
// everything is no row at all.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace litebench::prune {

/// Immutable, cheap to copy. Lives on the host: plans are small, and selection is done there.
class TokenPlan {
 public:
  /// All `sources` rows in order.
  static TokenPlan identity(std::int64_t sources);
  /// No row.
  static TokenPlan drop_all(std::int64_t sources);
  /// Row i of the output is row index[i] of the input. Indices are distinct and in [0, sources).
  static TokenPlan gather(std::vector<std::int64_t> index, std::int64_t sources);
  /// Compressed sparse rows. `row_ptr` has M + 1 entries, `anchor` M: the place of each output row
  /// among the source rows, in source coordinates (a centroid may be fractional). Rows with a
  /// single weight of 1 count as selected, not synthetic.
  static TokenPlan rows(std::vector<std::int64_t> row_ptr, std::vector<std::int64_t> col,
                        std::vector<float> weight, std::vector<float> anchor, std::int64_t sources);

  [[nodiscard]] bool is_gather() const noexcept;
  [[nodiscard]] std::int64_t size() const noexcept;     ///< output rows M
  [[nodiscard]] std::int64_t sources() const noexcept;  ///< input rows
  /// Source row of a selected output row, −1 for a synthetic (merged) one. M entries, emitted
  /// order.
  [[nodiscard]] std::span<const std::int64_t> origins() const noexcept;
  [[nodiscard]] std::span<const float> anchors() const noexcept;  ///< M, source coordinates
  [[nodiscard]] std::span<const std::int64_t> row_ptr() const noexcept;
  [[nodiscard]] std::span<const std::int64_t> cols() const noexcept;
  [[nodiscard]] std::span<const float> weights() const noexcept;

  /// [sources, d] -> [M, d] on x's device, in x's dtype. Sums are accumulated in fp32.
  [[nodiscard]] at::Tensor apply(const at::Tensor& x) const;
  /// First this plan, then `next`: next.W · this.W. Requires next.sources() == size().
  [[nodiscard]] TokenPlan then(const TokenPlan& next) const;
  /// The same rows by ascending anchor; equal anchors keep their order.
  [[nodiscard]] TokenPlan by_anchor() const;

 private:
  struct Data;
  [[nodiscard]] std::vector<float> matrix() const;  ///< W, row by row
  explicit TokenPlan(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Selects patches out of the rows of VisionFeatures::selected, where row 0 is CLS and patch i is
/// row 1 + i.
TokenPlan gather_patches(std::span<const std::int64_t> patches, std::int64_t patch_count);

}  // namespace litebench::prune
