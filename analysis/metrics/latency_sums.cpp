#include "analysis/metrics/latency_sums.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace litebench::analysis {
namespace {

bool timed(const results::Unit& unit) {
  return unit.pass == store::Pass::latency && unit.status == store::Status::ok;
}

/// A sample that failed for one variant would compare the others over samples of their own.
bool failed(const results::Unit& unit) {
  return unit.pass == store::Pass::latency && unit.status != store::Status::ok &&
         unit.status != store::Status::infeasible;
}

std::uint64_t image_of(const results::Unit& unit) {
  return static_cast<std::uint64_t>(unit.image_id);
}

}  // namespace

double quantity_of(const results::Unit& unit, Quantity quantity) {
  const auto stage = [&](store::Stage s) {
    return static_cast<double>(unit.stage_ns[static_cast<std::size_t>(s)]);
  };
  switch (quantity) {
    case Quantity::total_ns: return static_cast<double>(unit.total_ns);
    case Quantity::prefill_ns: return stage(store::Stage::prefill);
    case Quantity::select_ns: return stage(store::Stage::select);
    case Quantity::peak_bytes: return static_cast<double>(unit.peak_bytes_total);
    case Quantity::llm_bytes: return static_cast<double>(unit.peak_bytes_llm);
    case Quantity::flops: return unit.flops_total;
  }
  return -1;
}

void each_timed_sample(const Run& run, std::size_t baseline,
                       const std::function<void(std::span<const TimedPair>)>& take) {
  const std::vector<std::size_t> starts = starts_of(run.samples, run.units);
  std::vector<TimedPair> pairs;
  const auto give = [&] {
    if (!pairs.empty()) take(pairs);
    pairs.clear();
  };
  // By attempt and repeat: times of two processes do not compare.
  std::map<std::pair<std::int32_t, std::int16_t>, const results::Unit*> whole;
  for (std::size_t s = 0; s < run.samples.size(); ++s) {
    whole.clear();
    const std::span<const results::Unit> units(run.units.data() + starts[s],
                                               starts[s + 1] - starts[s]);
    if (std::any_of(units.begin(), units.end(), failed)) continue;
    for (const results::Unit& unit : units) {
      if (timed(unit) && static_cast<std::size_t>(unit.variant) == baseline) {
        whole.emplace(std::pair<std::int32_t, std::int16_t>(unit.attempt, unit.repeat), &unit);
      }
    }
    for (const results::Unit& unit : units) {  // one variant after the other
      if (!timed(unit)) continue;
      const auto found = whole.find({unit.attempt, unit.repeat});
      if (found == whole.end()) continue;
      if (!pairs.empty() && pairs.back().own->variant != unit.variant) give();
      pairs.push_back({&unit, found->second});
    }
    give();
  }
}

PairMean mean_of(std::span<const TimedPair> pairs, Quantity quantity) {
  PairMean mean;
  for (const TimedPair& pair : pairs) {
    const double own = quantity_of(*pair.own, quantity);
    const double baseline = quantity_of(*pair.baseline, quantity);
    if (own <= 0 || baseline <= 0) continue;
    ++mean.pairs;
    mean.own += own;
    mean.baseline += baseline;
  }
  if (mean.pairs == 0) return mean;
  mean.own /= static_cast<double>(mean.pairs);
  mean.baseline /= static_cast<double>(mean.pairs);
  return mean;
}

LatencySums latency_sums(const Run& run, std::int16_t protocol, std::size_t baseline) {
  LatencySums out;
  std::set<std::uint64_t> images;
  each_timed_sample(run, baseline, [&](std::span<const TimedPair> pairs) {
    const results::Unit& first = *pairs.front().own;
    if (first.protocol == protocol) images.insert(image_of(first));
  });
  out.table.clusters.assign(images.begin(), images.end());
  out.table.columns = run.variants.size() * kQuantities * 2;
  out.table.values.assign(out.table.clusters.size() * out.table.columns, 0);
  each_timed_sample(run, baseline, [&](std::span<const TimedPair> pairs) {
    const results::Unit& own = *pairs.front().own;
    if (own.protocol != protocol) return;
    const auto& clusters = out.table.clusters;
    const auto row = static_cast<std::size_t>(
        std::lower_bound(clusters.begin(), clusters.end(), image_of(own)) - clusters.begin());
    double* to = out.table.values.data() + row * out.table.columns;
    for (std::size_t q = 0; q < kQuantities; ++q) {
      const auto quantity = static_cast<Quantity>(q);
      const PairMean mean = mean_of(pairs, quantity);
      to[latency_column(static_cast<std::size_t>(own.variant), quantity, false)] += mean.own;
      to[latency_column(static_cast<std::size_t>(own.variant), quantity, true)] += mean.baseline;
    }
  });
  return out;
}

}  // namespace litebench::analysis
