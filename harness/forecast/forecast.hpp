#pragma once
// Times and memory of a plan's bundles from operator rates.

#include <array>
#include <cstdint>
#include <vector>

#include "harness/forecast/rates.hpp"
#include "harness/forecast/shapes.hpp"
#include "shards/store/rows.hpp"

namespace litebench::forecast {

/// Seconds of each stage (store::Stage).
using Stages = std::array<double, store::kStages>;
double total(const Stages& stages);

struct Memory {
  // Bytes above what was live before.
  double llm = 0;    ///< at the peak of prefill
  double total = 0;  ///< at the peak of the whole unit or bundle
};

class Forecaster {
 public:
  /// Borrowed; `rates` has everything that operators.hpp lists for these methods.
  Forecaster(const Rates& rates, const config::Config& config, const model::Geometry& geometry,
             const std::vector<evaluate::PlannedMethod>& methods);

  /// One accuracy bundle under protocol `protocol`. What is shared and packed is counted as the
  /// accuracy pass does it.
  [[nodiscard]] Stages accuracy(const BundleShape& bundle, std::size_t protocol) const;
  /// Of bundles that are computed together.
  [[nodiscard]] Memory accuracy_memory(std::span<const BundleShape> group,
                                       std::size_t protocol) const;

  /// One timed run of `variant` (as in Config::variants).
  [[nodiscard]] Stages latency(const BundleShape& bundle, const SampleShape& sample,
                               std::size_t protocol, std::size_t variant) const;
  [[nodiscard]] Memory latency_memory(const SampleShape& sample, std::size_t protocol,
                                      std::size_t variant) const;

  /// What /units will count for it (flops_total).
  [[nodiscard]] double latency_flops(const SampleShape& sample, std::size_t protocol,
                                     std::size_t variant) const;

  [[nodiscard]] const VariantShape& variant(std::size_t protocol, std::size_t variant) const {
    return variants_[protocol][variant];
  }

 private:
  struct Sequence {
    const VariantShape* variant;
    const SampleShape* sample;
  };
  [[nodiscard]] std::vector<Sequence> sequences(const BundleShape& bundle,
                                                std::size_t protocol) const;
  [[nodiscard]] double prefill(std::span<const Sequence> pack) const;
  [[nodiscard]] double prefill_bytes(std::span<const Sequence> pack) const;
  /// The same of one sequence with the reference's dead work.
  [[nodiscard]] double upstream_prefill(const Sequence& one) const;
  [[nodiscard]] double upstream_prefill_bytes(const Sequence& one) const;
  /// What the latency pass computes in operator `name`.
  [[nodiscard]] std::string timed(std::string name) const;
  [[nodiscard]] bool upstream() const;
  [[nodiscard]] double element_bytes() const;
  [[nodiscard]] std::vector<std::span<const Sequence>> packs(
      std::span<const Sequence> sequences) const;
  [[nodiscard]] double sam() const;

  const Rates& rates_;
  const config::Config& config_;
  const model::Geometry& geometry_;
  std::vector<evaluate::VariantRun> runs_;           ///< of the accuracy pass
  std::vector<std::vector<VariantShape>> variants_;  ///< by protocol, then variant
  std::string taps_;                                 ///< of all methods together
};

}  // namespace litebench::forecast
