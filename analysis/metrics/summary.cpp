#include "analysis/metrics/summary.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// protocol, split, variant, seed
using TallyKey = std::tuple<std::int16_t, std::int8_t, std::int16_t, std::int16_t>;
using Tallies = std::map<TallyKey, Tally>;

/// One visit of a sample by one of the reference's ranks.
struct Visit {
  std::size_t sample = 0;
  std::size_t rank = 0;
};

/// Samples in the order in which the reference would have met them.
std::vector<std::size_t> evaluation_order(const Run& run) {
  std::vector<std::size_t> order(run.samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const results::Sample& x = run.samples[a];
    const results::Sample& y = run.samples[b];
    return std::tuple(x.protocol, x.split, x.order) < std::tuple(y.protocol, y.split, y.order);
  });
  return order;
}

/// Every split dealt out to `ranks` ranks like the reference's sampler does, padded with its own beginning.
std::vector<Visit> dealt_out(const Run& run, std::size_t ranks) {
  const std::vector<std::size_t> order = evaluation_order(run);
  std::vector<Visit> visits;
  for (std::size_t begin = 0; begin < order.size();) {
    const results::Sample& first = run.samples[order[begin]];
    std::size_t end = begin;
    while (end < order.size() && run.samples[order[end]].protocol == first.protocol &&
           run.samples[order[end]].split == first.split) {
      ++end;
    }
    const std::size_t count = end - begin;
    const std::size_t padded = (count + ranks - 1) / ranks * ranks;
    for (std::size_t i = 0; i < padded; ++i) visits.push_back({order[begin + i % count], i % ranks});
    begin = end;
  }
  return visits;
}

Tallies tally(const Run& run, const Pairing& pairing, const std::vector<Epsilons>& epsilons,
              std::int32_t padded_ranks) {
  std::map<TallyKey, std::vector<Tally>> by_rank;
  const std::vector<std::size_t> starts = starts_of(run.samples, run.expressions);
  std::vector<Counts> counts;
  for (const Visit& visit : dealt_out(run, at(padded_ranks))) {
    const std::size_t s = visit.sample;
    if (pairing.paired[s] == 0) continue;
    for (std::size_t row = starts[s]; row < starts[s + 1];) {
      const results::Expression& first = run.expressions[row];
      counts.clear();
      for (; row < starts[s + 1]; ++row) {
        const results::Expression& e = run.expressions[row];
        if (e.variant != first.variant || e.seed != first.seed) break;
        if (e.status == store::Status::ok) counts.push_back({e.intersection, e.union_});
      }
      std::vector<Tally>& ranks =
          by_rank[{first.protocol, first.split, first.variant, first.seed}];
      ranks.resize(at(padded_ranks));
      add_sample(ranks[visit.rank], counts, epsilons[at(first.protocol)]);
    }
  }
  Tallies tallies;
  for (const auto& [key, ranks] : by_rank) {
    for (const Tally& rank : ranks) add_tally(tallies[key], rank);
  }
  return tallies;
}

/// Running mean over seeds; a value missing for one seed is missing altogether.
void add_to_mean(std::optional<double>& mean, std::optional<double> value,
                 std::int32_t seeds_before) {
  if (seeds_before == 0) {
    mean = value;
  } else if (mean && value) {
    mean = *mean + (*value - *mean) / (seeds_before + 1);
  } else {
    mean.reset();
  }
}

void fill_accuracy(Summary& summary, const Tallies& tallies, const Pairing& pairing,
                   Accumulation accumulation) {
  for (const auto& [key, tally] : tallies) {
    const auto& [protocol, split, variant, seed] = key;
    if (tally.expressions == 0) continue;
    Accuracy& cell =
        summary
            .accuracy[(at(protocol) * summary.splits + at(split)) * summary.variants + at(variant)];
    const Epsilons epsilons = summary.epsilons[at(protocol)];
    cell.samples = tally.samples;
    cell.expressions = tally.expressions;
    add_to_mean(cell.ciou, ciou(tally, epsilons, accumulation), cell.seeds);
    add_to_mean(cell.giou, giou(tally, epsilons, accumulation), cell.seeds);
    for (std::size_t i = 0; i < cell.precision.size(); ++i) {
      add_to_mean(cell.precision[i], precision(tally, i), cell.seeds);
    }
    ++cell.seeds;
  }
  for (const auto& [split, protocol, variant] : pairing.infeasible) {
    Accuracy& cell =
        summary
            .accuracy[(at(protocol) * summary.splits + at(split)) * summary.variants + at(variant)];
    cell = Accuracy{};
    cell.infeasible = true;
  }
}

void add_pair(Efficiency& sums, const results::Unit& own, const results::Unit& baseline) {
  constexpr auto kPrefill = static_cast<std::size_t>(store::Stage::prefill);
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  sums.total_ns.add(real(own.total_ns), real(baseline.total_ns));
  sums.prefill_ns.add(real(own.stage_ns[kPrefill]), real(baseline.stage_ns[kPrefill]));
  sums.peak_bytes.add(real(own.peak_bytes_total), real(baseline.peak_bytes_total));
  sums.llm_bytes.add(real(own.peak_bytes_llm), real(baseline.peak_bytes_llm));
  sums.flops.add(own.flops_total, baseline.flops_total);
}

void fill_efficiency(Summary& summary, const Run& run) {
  const std::vector<std::size_t> starts = starts_of(run.samples, run.units);
  const auto timed = [](const results::Unit& unit) {
    return unit.pass == store::Pass::latency && unit.status == store::Status::ok;
  };
  std::map<std::int16_t, const results::Unit*> baseline;  // by repeat
  for (std::size_t s = 0; s < run.samples.size(); ++s) {
    baseline.clear();
    const std::span<const results::Unit> units(run.units.data() + starts[s],
                                               starts[s + 1] - starts[s]);
    for (const results::Unit& unit : units) {
      if (!timed(unit)) continue;
      ++summary.latency_units;
      if (summary.baseline && at(unit.variant) == *summary.baseline)
        baseline.emplace(unit.repeat, &unit);
    }
    for (const results::Unit& unit : units) {
      if (!timed(unit)) continue;
      const auto found = baseline.find(unit.repeat);
      if (found == baseline.end()) continue;
      add_pair(summary.efficiency[at(unit.protocol) * summary.variants + at(unit.variant)], unit,
               *found->second);
    }
  }
}

void fill_tokens(Summary& summary, const Run& run) {
  struct Sums {
    double kept = 0, layer_mean = 0;
    std::int64_t units = 0;
  };
  std::vector<Sums> sums(summary.tokens.size());
  for (const results::Unit& unit : run.units) {
    if (unit.status != store::Status::ok) continue;
    Sums& sum = sums[at(unit.protocol) * summary.variants + at(unit.variant)];
    sum.kept += unit.kept;
    sum.layer_mean += static_cast<double>(unit.layer_mean_tokens);
    ++sum.units;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].units == 0) continue;
    const auto units = static_cast<double>(sums[i].units);
    summary.tokens[i] = {sums[i].kept / units, sums[i].layer_mean / units};
  }
}

}  // namespace

void PairedSum::add(double own_value, double baseline_value) {
  if (own_value <= 0 || baseline_value <= 0) return;
  ++pairs;
  own += own_value;
  baseline += baseline_value;
}

std::optional<double> PairedSum::mean() const {
  if (pairs == 0) return std::nullopt;
  return own / static_cast<double>(pairs);
}

std::optional<double> PairedSum::speed_up() const {
  if (pairs == 0) return std::nullopt;
  return baseline / own;
}

std::optional<double> PairedSum::share() const {
  if (pairs == 0) return std::nullopt;
  return own / baseline;
}

Epsilons epsilons_of(std::string_view protocol_json) {
  const json::Document document = json::Document::parse(protocol_json, "protocol of the run");
  const std::optional<json::Value> value = document.root().find("epsilons");
  if (!value || value->as_string() == "upstream") return Epsilons::upstream;
  if (value->as_string() == "none") return Epsilons::none;
  throw Error(ExitCode::data,
              fmt::format("cannot read protocol option epsilons = \"{}\"", value->as_string()),
              "it is neither upstream nor none", "reduce the run with the version that wrote it");
}

Summary summarise(const Run& run, const Pairing& pairing, const SummaryOptions& options) {
  Summary summary;
  summary.splits = run.splits.size();
  summary.variants = run.variants.size();
  for (const std::string& protocol : run.protocols)
    summary.epsilons.push_back(epsilons_of(protocol));
  summary.accuracy.resize(run.protocols.size() * summary.splits * summary.variants);
  summary.efficiency.resize(run.protocols.size() * summary.variants);
  summary.tokens.resize(run.protocols.size() * summary.variants);
  for (std::size_t v = 0; v < run.variants.size(); ++v) {
    if (run.variants[v].id == options.baseline) summary.baseline = v;
  }
  fill_accuracy(summary, tally(run, pairing, summary.epsilons, options.padded_ranks), pairing, options.accumulation);
  fill_efficiency(summary, run);
  fill_tokens(summary, run);
  return summary;
}

}  // namespace litebench::analysis
