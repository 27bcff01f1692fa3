#pragma once
// Fills the rows of one bundle.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/prepare.hpp"
#include "kernels/maskscore/maskscore.hpp"
#include "model/prune/ledger.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

/// Which cell a row belongs to.
struct RowKey {
  std::size_t sample = 0;  ///< index into PreparedImage::samples
  VariantRun run;
};

class BundleRows {
 public:
  /// Writes the image, sample and sentence rows at once.
  BundleRows(const config::Config& config, const Plan& plan, const BundlePlan& bundle,
             const PreparedImage& prepared, std::int16_t rank);

  /// `mask`: height × width of 0 and 1.
  void add_expression(const RowKey& key, std::size_t turn, const kernels::MaskScore& score,
                      const std::vector<std::uint8_t>& mask);
  void add_failed_expression(const RowKey& key, std::size_t turn, store::Status status);
  /// One /tokens row per decoder layer at whose input the visual set changes.
  void add_tokens(const RowKey& key, const prune::TokenLedger& ledger);
  /// A unit row with everything "not measured"; the caller fills in what it knows before the next
  /// call.
  store::UnitRow& add_unit(const RowKey& key, store::Status status, std::string_view error = {});

  /// Every unit and expression of one sample with this status; in the latency pass every repeat.
  void fail_sample(std::size_t sample, const std::vector<VariantRun>& runs, store::Status status,
                   std::string_view error);
  /// Every unit and expression of the bundle with this status: nothing of it could be computed.
  void fail_all(const std::vector<VariantRun>& runs, store::Status status, std::string_view error);

  /// Times of stages done once for the bundle; -1: not done.
  std::array<std::int64_t, store::kStages>& shared_ns() { return shared_ns_; }
  [[nodiscard]] const std::array<std::int64_t, store::kStages>& shared_ns() const {
    return shared_ns_;
  }
  store::Bundle finish(std::int64_t begin_ns, std::int64_t duration_ns);

 private:
  void add_image();
  void add_samples(const Plan& plan, std::int64_t protocol_seed);

  const BundlePlan& plan_row_;
  const PreparedImage& prepared_;
  std::int16_t rank_;
  std::int32_t repeats_;
  store::Bundle bundle_;
  std::array<std::int64_t, store::kStages>
      shared_ns_{};  // a row's own array is packed, no reference may bind to it
};

}  // namespace litebench::evaluate
