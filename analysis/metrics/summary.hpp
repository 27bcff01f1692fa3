#pragma once
// The numbers of a run per protocol, split and variant.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/metrics/latency_sums.hpp"
#include "analysis/metrics/tally.hpp"
#include "analysis/rows/pairing.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// Means over the method's seeds of the per-seed values.
struct Accuracy {
  std::int64_t samples = 0, expressions = 0;  ///< of one seed
  std::int32_t seeds = 0;                     ///< 0: not measured
  bool infeasible = false;
  std::optional<double> ciou, giou;
  std::array<std::optional<double>, kPrecisionTenths.size()> precision;
  std::optional<double> n_acc, t_acc;  ///< gRefCOCO; nothing where no expression is of that kind
};

/// Sums over samples that both the variant and the baseline have, of means over a sample's repeats; ratios are ratios of
/// these sums.
struct PairedSum {
  std::int64_t samples = 0, pairs = 0;  ///< pairs: repeats of all samples
  double own = 0, baseline = 0;
  void add(const PairMean& sample);
  [[nodiscard]] std::optional<double> mean() const;      ///< of the variant, per sample
  [[nodiscard]] std::optional<double> speed_up() const;  ///< baseline / own
  [[nodiscard]] std::optional<double> share() const;     ///< own / baseline
};

/// Latency pass, all splits of a protocol.
struct Efficiency {
  PairedSum total_ns, prefill_ns, peak_bytes, llm_bytes, flops;
  double select_ns = 0;         ///< sum over samples of means over the paired units that tell it
  std::int64_t selections = 0;  ///< samples with such units
  double energy_mj = 0;         ///< sum over samples of means over their paired units
  std::int64_t energies = 0;    ///< paired units that tell it
  std::int64_t throttled = 0;   ///< paired units during which the device was slowed down
  /// Per sample. Only where every pair tells it: counters move in steps, so the units that tell it are those that happened to see
  /// a step, and a mean over them alone would be too high.
  [[nodiscard]] std::optional<double> mean_energy_mj() const;
};

/// Visual tokens of a protocol and variant, every sample and seed once.
struct TokenCounts {
  std::optional<double> kept, layer_mean;
};

struct SummaryOptions {
  Accumulation accumulation = Accumulation::exact;
  std::string baseline = "none";  ///< variant id
  /// Ranks of the reference's padded sampler (upstream.md §7.7): the samples of a split are dealt out to so many ranks, the
  /// first ones again until all ranks have equally many, so up to ranks − 1 count twice. 1: every sample once.
  std::int32_t padded_ranks = 1;
};

struct Summary {
  std::size_t splits = 0, variants = 0;
  std::vector<Accuracy> accuracy;      ///< [protocol][split][variant]
  std::vector<Efficiency> efficiency;  ///< [protocol][variant]
  std::vector<TokenCounts> tokens;     ///< [protocol][variant]
  std::vector<ColdStart> cold;         ///< [protocol][variant]
  std::vector<Epsilons> epsilons;      ///< [protocol]
  std::int64_t latency_units = 0;
  std::optional<std::size_t> baseline;  ///< index of the baseline variant, if the run has it

  [[nodiscard]] const Accuracy& accuracy_of(std::size_t protocol, std::size_t split,
                                            std::size_t variant) const {
    return accuracy[(protocol * splits + split) * variants + variant];
  }
  [[nodiscard]] const Efficiency& efficiency_of(std::size_t protocol, std::size_t variant) const {
    return efficiency[protocol * variants + variant];
  }
  [[nodiscard]] const ColdStart& cold_of(std::size_t protocol, std::size_t variant) const {
    return cold[protocol * variants + variant];
  }
  [[nodiscard]] const TokenCounts& tokens_of(std::size_t protocol, std::size_t variant) const {
    return tokens[protocol * variants + variant];
  }
};

/// `upstream` unless the protocol's options say "eps": "none". Throws Error{data} for other
/// values.
Epsilons epsilons_of(std::string_view protocol_json);

Summary summarise(const Run& run, const Pairing& pairing, const SummaryOptions& options);

}  // namespace litebench::analysis
