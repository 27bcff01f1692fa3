#include "analysis/metrics/inference.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "analysis/metrics/latency_sums.hpp"
#include "analysis/metrics/resampled_cells.hpp"
#include "analysis/metrics/visits.hpp"
#include "analysis/statistics/significance.hpp"
#include "base/parallel.hpp"

namespace litebench::analysis {
namespace {

constexpr std::array<std::string_view, 5> kMetrics{"ciou", "giou", "p50", "n_acc", "t_acc"};
constexpr std::size_t kAveraged = 3;     // of them, the first ones also as averages over splits
constexpr std::size_t kWithTargets = 3;  // the others need kAllSums

using Samples = std::vector<std::optional<Sampled>>;  // one per split

/// One protocol: first the intervals of every variant, then who differs from whom.
class Inferrer {
 public:
  Inferrer(const Run& run, const Summary& summary, const ResampledCells& cells,
           std::size_t protocol, Inference& out)
      : run_(run), summary_(summary), cells_(cells), p_(protocol), out_(out) {}

  void infer() {
    ciou_.resize(run_.variants.size());
    average_.resize(run_.variants.size());
    std::vector<Found> found(run_.variants.size());
    parallel_for(run_.variants.size(), out_.options.draws.threads,
                 [&](std::size_t v) { found[v] = intervals_of(v); });
    if (summary_.baseline) add_retentions(found);
    for (std::size_t v = 0; v < found.size(); ++v) {
      for (const auto& [metric, split, interval] : found[v]) {
        out_.intervals[{metric, static_cast<std::int16_t>(p_), split, v}] = interval;
      }
    }
    compare();
  }

 private:
  struct Named {
    std::string_view metric;
    std::int32_t split;
    Interval interval;
  };
  using Found = std::vector<Named>;

  [[nodiscard]] bool enough(std::size_t split) const {
    return cells_.images(split) >= out_.options.least_images;
  }

  void keep(Found& found, std::string_view metric, std::int32_t split,
            const Sampled& sampled) const {
    if (const auto interval = interval_of(sampled, out_.options.interval)) {
      found.push_back({metric, split, *interval});
    }
  }

  Found intervals_of(std::size_t v) {
    Found found;
    const std::size_t known = cells_.has_all_sums() ? kMetrics.size() : kWithTargets;
    for (std::size_t m = 0; m < known; ++m) {
      const std::string_view metric = kMetrics[m];
      Samples splits(run_.splits.size());
      for (std::size_t s = 0; s < splits.size(); ++s) {
        if (!enough(s)) continue;
        splits[s] = cells_.metric(metric, s, v);
        if (splits[s]) keep(found, metric, static_cast<std::int32_t>(s), *splits[s]);
      }
      const std::optional<Sampled> average = m < kAveraged ? average_of(splits) : std::nullopt;
      if (average) keep(found, metric, kAverage, *average);
      if (metric != "ciou") continue;
      ciou_[v] = std::move(splits);
      average_[v] = average;
    }
    return found;
  }

  /// Nothing when a split has none.
  static std::optional<Sampled> average_of(const Samples& splits) {
    std::vector<Sampled> all;
    for (const std::optional<Sampled>& split : splits) {
      if (!split) return std::nullopt;
      all.push_back(*split);
    }
    if (all.empty()) return std::nullopt;
    return mean_of(all);
  }

  void add_retentions(std::vector<Found>& found) const {
    const std::optional<Sampled>& whole = average_[*summary_.baseline];
    for (std::size_t v = 0; whole && v < found.size(); ++v) {
      if (v == *summary_.baseline || !average_[v]) continue;
      keep(found[v], "retention", kAverage,
           combine(*average_[v], *whole, [](double a, double b) { return a / b; }));
    }
  }

  [[nodiscard]] const std::optional<Sampled>& sampled(std::int32_t split, std::size_t v) const {
    return split == kAverage ? average_[v] : ciou_[v][static_cast<std::size_t>(split)];
  }

  /// Variants of one budget, best first.
  [[nodiscard]] std::vector<std::size_t> ranking(std::int64_t tokens, std::int32_t split) const {
    std::vector<std::size_t> order;
    for (std::size_t v = 0; v < run_.variants.size(); ++v) {
      if (run_.variants[v].tokens == tokens && sampled(split, v)) order.push_back(v);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return sampled(split, a)->estimate > sampled(split, b)->estimate;
    });
    return order;
  }

  void compare() {
    std::set<std::int64_t> budgets;
    for (const Variant& variant : run_.variants) {
      if (variant.tokens > 0) budgets.insert(variant.tokens);
    }
    std::vector<Comparison> baselines, rivals;
    for (std::int32_t split = kAverage; split < static_cast<std::int32_t>(run_.splits.size());
         ++split) {
      for (std::size_t v = 0; summary_.baseline && v < run_.variants.size(); ++v) {
        if (v == *summary_.baseline || !sampled(split, v) || !sampled(split, *summary_.baseline))
          continue;
        baselines.push_back(compared(split, v, *summary_.baseline, Against::baseline));
      }
      for (const std::int64_t budget : budgets) {
        const std::vector<std::size_t> order = ranking(budget, split);
        for (std::size_t r = 0; order.size() > 1 && r < order.size(); ++r) {
          rivals.push_back(compared(split, order[r], order[r == 0 ? 1 : 0], Against::rival));
          if (r + 1 < order.size())
            rivals.push_back(compared(split, order[r], order[r + 1], Against::next));
        }
      }
    }
    test(baselines);
    test(rivals);
    for (auto* family : {&baselines, &rivals}) {
      out_.comparisons.insert(out_.comparisons.end(), family->begin(), family->end());
    }
  }

  [[nodiscard]] Comparison compared(std::int32_t split, std::size_t v, std::size_t other,
                                    Against against) const {
    Comparison c;
    c.protocol = static_cast<std::int16_t>(p_);
    c.split = split;
    c.variant = v;
    c.other = other;
    c.against = against;
    c.difference = sampled(split, v)->estimate - sampled(split, other)->estimate;
    return c;
  }

  /// Hypotheses of one family, each once: best against second is second against best.
  void test(std::vector<Comparison>& family) const {
    std::map<Hypothesis, double> raw, adjusted;
    for (const Comparison& c : family) raw.try_emplace(hypothesis_of(c), 1);
    for (std::int32_t split = kAverage; split < static_cast<std::int32_t>(run_.splits.size());
         ++split) {
      add_p_values(split, raw);
    }
    std::vector<double> p;
    for (const auto& [hypothesis, value] : raw) p.push_back(value);
    const bool family_wise = out_.options.correction == Correction::holm;
    const std::vector<double> corrected = family_wise ? holm(p) : benjamini_hochberg(p);
    std::size_t i = 0;
    for (const auto& [hypothesis, value] : raw) adjusted[hypothesis] = corrected[i++];
    parallel_for(family.size(), out_.options.draws.threads, [&](std::size_t c) {
      family[c].p = raw.at(hypothesis_of(family[c]));
      family[c].adjusted_p = adjusted.at(hypothesis_of(family[c]));
      if (family[c].against != Against::next) describe(family[c]);
    });
  }

  using Hypothesis = std::tuple<std::int32_t, std::size_t, std::size_t>;  // split and two variants
  static Hypothesis hypothesis_of(const Comparison& c) {
    return {c.split, std::min(c.variant, c.other), std::max(c.variant, c.other)};
  }

  /// Tests the hypotheses of one split together: they share their images and draws.
  void add_p_values(std::int32_t split, std::map<Hypothesis, double>& raw) const {
    std::vector<Hypothesis> mine;
    for (const auto& [hypothesis, p] : raw) {
      if (std::get<0>(hypothesis) == split) mine.push_back(hypothesis);
    }
    std::vector<std::size_t> places;
    if (split == kAverage) {
      for (std::size_t i = 0; i < cells_.all_images().size(); ++i) places.push_back(i);
    } else {
      places = cells_.sums().cells[static_cast<std::size_t>(split)].places;
    }
    ClusterTable contributions;
    contributions.columns = mine.size();
    contributions.values.resize(places.size() * mine.size());
    for (const std::size_t place : places)
      contributions.clusters.push_back(cells_.all_images()[place]);
    std::vector<double> own;
    for (std::size_t column = 0; column < mine.size(); ++column) {
      own.assign(cells_.all_images().size(), 0);
      add_difference(split, std::get<1>(mine[column]), std::get<2>(mine[column]), own);
      for (std::size_t c = 0; c < places.size(); ++c) {
        contributions.values[c * mine.size() + column] = own[places[c]];
      }
    }
    const std::vector<double> p = sign_flip_p(contributions, out_.options.draws);
    for (std::size_t column = 0; column < mine.size(); ++column) raw[mine[column]] = p[column];
  }

  /// Contributions of every image to cIoU of a − cIoU of b, with both ratios linearised at their middle.
  void add_difference(std::int32_t split, std::size_t a, std::size_t b,
                      std::vector<double>& to) const {
    const std::size_t first = split == kAverage ? 0 : static_cast<std::size_t>(split);
    const std::size_t last = split == kAverage ? run_.splits.size() : first + 1;
    const double share = 1.0 / static_cast<double>(last - first);
    for (std::size_t s = first; s < last; ++s) {
      const double pivot = 0.5 * (ciou_[a][s]->estimate + ciou_[b][s]->estimate);
      cells_.add_contributions(s, a, pivot, share, to);
      cells_.add_contributions(s, b, pivot, -share, to);
    }
  }

  void describe(Comparison& c) const {
    const Sampled difference = combine(*sampled(c.split, c.variant), *sampled(c.split, c.other),
                                       [](double a, double b) { return a - b; });
    c.images = c.split == kAverage ? cells_.all_images().size()
                                   : cells_.images(static_cast<std::size_t>(c.split));
    c.interval = interval_of(difference, out_.options.interval);
    const std::optional<double> error = standard_error(difference);
    if (!error) return;
    const double freedom = static_cast<double>(c.images) - 1;
    c.detectable =
        minimal_detectable_effect(*error, freedom, out_.options.alpha, out_.options.power);
    c.equivalence_p = equivalence_p(c.difference, *error, freedom, out_.options.margin);
  }

  const Run& run_;
  const Summary& summary_;
  const ResampledCells& cells_;
  std::size_t p_;
  Inference& out_;
  std::vector<Samples> ciou_;                    // [variant][split]
  std::vector<std::optional<Sampled>> average_;  // [variant]
};

bool has_empty_targets(const Run& run) {
  return std::any_of(run.expressions.begin(), run.expressions.end(),
                     [](const results::Expression& e) {
                       return e.status == store::Status::ok && !counts_of(e).has_target;
                     });
}

void infer_latency(const Run& run, const Summary& summary, Inference& out) {
  if (!summary.baseline) return;
  for (std::size_t p = 0; p < run.protocols.size(); ++p) {
    LatencySums sums = latency_sums(run, static_cast<std::int16_t>(p), *summary.baseline);
    if (sums.table.clusters.size() < out.options.least_images) continue;
    ResampledTable table;
    table.all_clusters = sums.table.clusters.size();
    for (std::size_t c = 0; c < table.all_clusters; ++c) table.places.push_back(c);
    table.draws = out.options.draws.draws;
    table.sums = weighted_sums(sums.table, Scheme::poisson, out.options.draws);
    table.table = std::move(sums.table);
    for (std::size_t v = 0; v < run.variants.size(); ++v) {
      if (v == *summary.baseline) continue;  // 1 by definition
      for (const LatencyRatio& ratio : kLatencyRatios) {
        const std::size_t own = latency_column(v, ratio.quantity, false);
        const std::size_t base = latency_column(v, ratio.quantity, true);
        const auto sampled = ratio.baseline_over_own ? ratio_of_sums(table, base, own)
                                                     : ratio_of_sums(table, own, base);
        if (!sampled) continue;
        if (const auto interval = interval_of(*sampled, out.options.interval)) {
          out.intervals[{ratio.metric, static_cast<std::int16_t>(p), kAverage, v}] = *interval;
        }
      }
    }
  }
}

}  // namespace

std::optional<Interval> Inference::interval(std::string_view metric, std::size_t protocol,
                                            std::int32_t split, std::size_t variant) const {
  const auto found = intervals.find({metric, static_cast<std::int16_t>(protocol), split, variant});
  return found == intervals.end() ? std::nullopt : std::optional(found->second);
}

const Comparison* Inference::find(Against against, std::size_t protocol, std::int32_t split,
                                  std::size_t variant) const {
  const auto found = std::find_if(comparisons.begin(), comparisons.end(), [&](const Comparison& c) {
    return c.against == against && static_cast<std::size_t>(c.protocol) == protocol &&
           c.split == split && c.variant == variant;
  });
  return found == comparisons.end() ? nullptr : &*found;
}

Inference infer(const Run& run, const Pairing& pairing, const Summary& summary,
                const SummaryOptions& summary_options, const InferenceOptions& options) {
  Inference out;
  out.options = options;
  if (options.draws.draws == 0) return out;
  for (std::size_t p = 0; p < run.protocols.size(); ++p) {
    SumOptions sums;
    sums.protocol = static_cast<std::int16_t>(p);
    sums.epsilons = summary.epsilons[p];
    sums.padded_ranks = summary_options.padded_ranks;
    sums.cells = run.splits.size();
    sums.sums = has_empty_targets(run) ? kAllSums : kMainSums;
    sums.cell_of = [&](std::size_t sample, std::int8_t) { return run.samples[sample].split; };
    const ResampledCells cells(image_sums(run, pairing, sums), summary.epsilons[p], options.draws);
    Inferrer(run, summary, cells, p, out).infer();
  }
  infer_latency(run, summary, out);
  return out;
}

std::vector<std::vector<CellEstimate>> estimate_cells(const Run& run, const Pairing& pairing,
                                                      const SumOptions& sums,
                                                      const InferenceOptions& options) {
  DrawOptions draws = options.draws;
  draws.draws = std::max(draws.draws, 1);
  const ResampledCells cells(image_sums(run, pairing, sums), sums.epsilons, draws);
  std::vector<std::vector<CellEstimate>> out(sums.cells,
                                             std::vector<CellEstimate>(run.variants.size()));
  parallel_for(sums.cells * run.variants.size(), options.draws.threads, [&](std::size_t i) {
    const std::size_t cell = i / run.variants.size(), v = i % run.variants.size();
    CellEstimate& estimate = out[cell][v];
    estimate.expressions = cells.expressions(cell, v);
    const std::optional<Sampled> ciou = cells.metric("ciou", cell, v);
    if (!ciou) return;
    estimate.ciou = ciou->estimate;
    if (options.draws.draws == 0 || cells.images(cell) < options.least_images) return;
    estimate.interval = interval_of(*ciou, options.interval);
  });
  return out;
}

}  // namespace litebench::analysis
