#include "analysis/metrics/summary.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/core.h>

#include "analysis/metrics/visits.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// protocol, split, variant, seed
using TallyKey = std::tuple<std::int16_t, std::int8_t, std::int16_t, std::int16_t>;
using Tallies = std::map<TallyKey, Tally>;

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
        if (e.status == store::Status::ok) counts.push_back(counts_of(e));
      }
      std::vector<Tally>& ranks = by_rank[{first.protocol, first.split, first.variant, first.seed}];
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
    add_to_mean(cell.n_acc, no_target_accuracy(tally), cell.seeds);
    add_to_mean(cell.t_acc, target_accuracy(tally), cell.seeds);
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

void add_sample(Efficiency& sums, std::span<const TimedPair> pairs) {
  const auto add = [&](PairedSum& sum, Quantity quantity) { sum.add(mean_of(pairs, quantity)); };
  add(sums.total_ns, Quantity::total_ns);
  add(sums.prefill_ns, Quantity::prefill_ns);
  add(sums.peak_bytes, Quantity::peak_bytes);
  add(sums.llm_bytes, Quantity::llm_bytes);
  add(sums.flops, Quantity::flops);
  double select = 0;
  std::int64_t told = 0;
  for (const TimedPair& pair : pairs) {
    const double spent = quantity_of(*pair.own, Quantity::select_ns);
    if (spent < 0) continue;
    select += spent;
    ++told;
  }
  if (told == 0) return;
  sums.select_ns += select / static_cast<double>(told);
  ++sums.selections;
}

void add_state(Efficiency& sums, std::span<const TimedPair> pairs) {
  double energy = 0;
  for (const TimedPair& pair : pairs) {
    sums.throttled += pair.own->throttled > 0 ? 1 : 0;
    if (pair.own->energy_mj <= 0) continue;
    energy += static_cast<double>(pair.own->energy_mj);
    ++sums.energies;
  }
  sums.energy_mj += energy / static_cast<double>(pairs.size());
}

void fill_efficiency(Summary& summary, const Run& run) {
  for (const results::Unit& unit : run.units) {
    const bool timed = unit.pass == store::Pass::latency && unit.status == store::Status::ok;
    summary.latency_units += timed ? 1 : 0;
  }
  if (!summary.baseline) return;
  each_timed_sample(run, *summary.baseline, [&](std::span<const TimedPair> pairs) {
    const results::Unit& own = *pairs.front().own;
    Efficiency& sums =
        summary.efficiency[at(own.protocol) * summary.variants + at(own.variant)];
    add_sample(sums, pairs);
    add_state(sums, pairs);
  });
}

void fill_tokens(Summary& summary, const Run& run) {
  struct Sums {
    double kept = 0, layer_mean = 0;
    std::int64_t units = 0;
  };
  std::vector<Sums> sums(summary.tokens.size());
  // Repeats keep the same tokens: of a sample, variant and seed the first unit that tells speaks for all.
  std::int64_t seeds = 1;
  for (const results::Unit& unit : run.units) seeds = std::max<std::int64_t>(seeds, unit.seed + 1);
  std::vector<std::size_t> told(summary.variants * at(seeds), 0);  // the sample that did so last
  std::size_t sample = 0;                                          // counted from 1
  for (std::size_t i = 0; i < run.units.size(); ++i) {
    const results::Unit& unit = run.units[i];
    if (i == 0 || unit.sample_id != run.units[i - 1].sample_id) ++sample;
    if (unit.status != store::Status::ok || unit.kept < 0) continue;  // −1: not measured
    std::size_t& last = told[at(unit.variant) * at(seeds) + at(unit.seed)];
    if (last == sample) continue;
    last = sample;
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

void PairedSum::add(const PairMean& sample) {
  if (sample.pairs == 0) return;
  ++samples;
  pairs += sample.pairs;
  own += sample.own;
  baseline += sample.baseline;
}

std::optional<double> PairedSum::mean() const {
  if (samples == 0) return std::nullopt;
  return own / static_cast<double>(samples);
}

std::optional<double> PairedSum::speed_up() const {
  if (pairs == 0) return std::nullopt;
  return baseline / own;
}

std::optional<double> PairedSum::share() const {
  if (pairs == 0) return std::nullopt;
  return own / baseline;
}

std::optional<double> Efficiency::mean_energy_mj() const {
  if (energies == 0 || energies != total_ns.pairs) return std::nullopt;
  return energy_mj / static_cast<double>(total_ns.samples);
}

Epsilons epsilons_of(std::string_view protocol_json) {
  const json::Document document = json::Document::parse(protocol_json, "protocol of the run");
  const std::optional<json::Value> value = document.root().find("eps");
  if (!value || value->as_string() == "upstream") return Epsilons::upstream;
  if (value->as_string() == "none") return Epsilons::none;
  throw Error(ExitCode::data,
              fmt::format("cannot read protocol option eps = \"{}\"", value->as_string()),
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
  fill_accuracy(summary, tally(run, pairing, summary.epsilons, options.padded_ranks), pairing,
                options.accumulation);
  fill_efficiency(summary, run);
  fill_tokens(summary, run);
  summary.cold = cold_starts(run);
  return summary;
}

}  // namespace litebench::analysis
