#include "analysis/metrics/conventions.hpp"

#include <map>
#include <tuple>

#include "analysis/metrics/tally.hpp"
#include "analysis/metrics/visits.hpp"

namespace litebench::analysis {
namespace {

constexpr Convention kList[kConventions] = {
    {"ciou_upstream_f32", "cIoU f32",
     "as the reference adds it: float32 sums in evaluation order, ΣI / (ΣU + 1e-10)"},
    {"ciou_upstream", "cIoU", "the same in exact arithmetic"},
    {"ciou_union_target", "cIoU union",
     "overlapping polygons of a target counted once; the reference counts such pixels as "
     "background"},
    {"ciou_with_target", "cIoU targets", "expressions that refer to nothing left out"},
    {"ciou_by_image", "cIoU image", "ΣI / ΣU per conversation, then the mean over conversations"},
    {"giou_upstream_f32", "gIoU f32",
     "as the reference adds it: I / (U + 1e-5), 1 where U = 0, float32 sums, over count + 1e-5"},
    {"giou_upstream", "gIoU", "the same in exact arithmetic"},
    {"giou_plain", "gIoU plain", "mean of I / U, 1 where U = 0, no epsilons"},
    {"giou_union_target", "gIoU union", "the same with overlapping polygons counted once"},
    {"giou_with_target", "gIoU targets", "mean of I / U without expressions that refer to nothing"},
};

/// Sums of one protocol, split, variant and seed.
struct Sums {
  Tally upstream, plain, merged, with_target;
  double by_image = 0;
  std::int64_t images = 0;
};

/// Overlapping polygons of a target merged: their pixels are foreground once.
Counts merged(const results::Expression& e) {
  const std::int64_t hit = e.intersection + e.overlap_hit;
  return {hit, e.predicted_area + e.target_area + e.overlap_area - hit,
          e.target_area + e.overlap_area > 0, e.predicted_area > 0};
}

void add(Sums& sums, std::span<const results::Expression> rows) {
  std::vector<Counts> counts, once, targets;
  std::int64_t hit = 0, all = 0;
  for (const results::Expression& e : rows) {
    if (e.status != store::Status::ok) continue;
    counts.push_back(counts_of(e));
    once.push_back(merged(e));
    if (counts.back().has_target) targets.push_back(counts.back());
    hit += e.intersection;
    all += e.union_;
  }
  if (counts.empty()) return;
  add_sample(sums.upstream, counts, Epsilons::upstream);
  add_sample(sums.plain, counts, Epsilons::none);
  add_sample(sums.merged, once, Epsilons::none);
  add_sample(sums.with_target, targets, Epsilons::none);
  sums.by_image += all == 0 ? 1 : static_cast<double>(hit) / static_cast<double>(all);
  ++sums.images;
}

ConventionValues::Values values_of(const Sums& s) {
  constexpr auto kUpstream = Epsilons::upstream, kNone = Epsilons::none;
  constexpr auto kExact = Accumulation::exact, kF32 = Accumulation::f32;
  const std::optional<double> by_image =
      s.images > 0 ? std::optional(s.by_image / static_cast<double>(s.images)) : std::nullopt;
  return {ciou(s.upstream, kUpstream, kF32),
          ciou(s.upstream, kUpstream, kExact),
          ciou(s.merged, kNone, kExact),
          ciou(s.with_target, kNone, kExact),
          by_image,
          giou(s.upstream, kUpstream, kF32),
          giou(s.upstream, kUpstream, kExact),
          giou(s.plain, kNone, kExact),
          giou(s.merged, kNone, kExact),
          giou(s.with_target, kNone, kExact)};
}

using Key = std::tuple<std::int16_t, std::int8_t, std::int16_t,
                       std::int16_t>;  // protocol, split, variant, seed

std::map<Key, Sums> sums_of(const Run& run, const Pairing& pairing) {
  std::map<Key, Sums> out;
  const std::vector<std::size_t> starts = starts_of(run.samples, run.expressions);
  for (const Visit& visit : dealt_out(run, 1)) {
    if (pairing.paired[visit.sample] == 0) continue;
    for (std::size_t begin = starts[visit.sample]; begin < starts[visit.sample + 1];) {
      const results::Expression& first = run.expressions[begin];
      std::size_t end = begin;
      while (end < starts[visit.sample + 1] && run.expressions[end].variant == first.variant &&
             run.expressions[end].seed == first.seed) {
        ++end;
      }
      if (!pairing.infeasible.contains({first.split, first.protocol, first.variant})) {
        add(out[{first.protocol, first.split, first.variant, first.seed}],
            std::span(run.expressions).subspan(begin, end - begin));
      }
      begin = end;
    }
  }
  return out;
}

}  // namespace

std::span<const Convention, kConventions> conventions() { return kList; }

ConventionValues count_by_conventions(const Run& run, const Pairing& pairing) {
  ConventionValues out;
  out.splits = run.splits.size();
  out.variants = run.variants.size();
  out.values.resize(run.protocols.size() * out.splits * out.variants);
  std::vector<std::int32_t> seeds(out.values.size());
  for (const auto& [key, sums] : sums_of(run, pairing)) {
    const auto& [protocol, split, variant, seed] = key;
    const std::size_t cell =
        (static_cast<std::size_t>(protocol) * out.splits + static_cast<std::size_t>(split)) *
            out.variants +
        static_cast<std::size_t>(variant);
    const ConventionValues::Values values = values_of(sums);
    for (std::size_t c = 0; c < kConventions; ++c)
      add_to_mean(out.values[cell][c], values[c], seeds[cell]);
    ++seeds[cell];
  }
  return out;
}

}  // namespace litebench::analysis
