// Expressions, units and tokens of a run.

#include <algorithm>
#include <tuple>

#include "analysis/rows/merger.hpp"

namespace litebench::analysis {

void Merger::merge_expressions() {
  std::vector<Source> sources;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto& rows = bundle(b).expressions;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int16_t variant = mapped(shard(b).variants, rows[i].variant, "variant", shard(b));
      if (!counts(b, variant, rows[i].seed)) continue;
      sources.push_back({static_cast<std::uint64_t>(sample_of(rows[i].sample_id, b)),
                         pack_key(0, variant, rows[i].seed, rows[i].turn), b,
                         static_cast<std::int32_t>(i)});
    }
  }
  sort_sources(sources);
  const std::vector<std::size_t> sentences = starts_of(run_.samples, run_.sentences);
  run_.expressions.reserve(sources.size());
  for (const Source& source : sources) {
    const std::int8_t turn = bundle(source.bundle).expressions[at(source.row)].turn;
    const results::Sentence* spoken = nullptr;
    for (std::size_t i = sentences[source.major]; i < sentences[source.major + 1]; ++i) {
      if (run_.sentences[i].turn == turn) spoken = &run_.sentences[i];
    }
    run_.expressions.push_back(expression_of(source, spoken));
  }
}

results::Expression Merger::expression_of(const Source& source, const results::Sentence* sentence) {
  const store::ExpressionRow& row = bundle(source.bundle).expressions[at(source.row)];
  const results::Sample& sample = run_.samples[source.major];
  results::Expression e{};
  e.dataset = sample.dataset;
  e.split = sample.split;
  e.protocol = sample.protocol;
  e.variant = mapped(shard(source.bundle).variants, row.variant, "variant", shard(source.bundle));
  e.seed = row.seed;
  e.sample_id = row.sample_id;
  e.image_id = sample.image_id;
  e.ref_id = sentence == nullptr ? -1 : sentence->ref_id;
  e.sent_id = sentence == nullptr ? -1 : sentence->sent_id;
  e.turn = row.turn;
  e.status = row.status;
  e.intersection = row.intersection;
  e.union_ = row.union_;
  e.predicted_area = row.predicted_area;
  e.target_area = row.target_area;
  e.overlap_area = row.overlap_area;
  e.overlap_hit = row.overlap_hit;
  e.mask_hash = row.mask_hash;
  e.bytes = keep(bundle(source.bundle), row.mask);
  return e;
}

results::Unit Merger::unit_of(const Source& source) const {
  const store::UnitRow& row = bundle(source.bundle).units[at(source.row)];
  const results::Sample& sample = run_.samples[at(sample_of(row.sample_id, source.bundle))];
  results::Unit unit{};
  unit.dataset = sample.dataset;
  unit.split = sample.split;
  unit.protocol = sample.protocol;
  unit.variant =
      mapped(shard(source.bundle).variants, row.variant, "variant", shard(source.bundle));
  unit.seed = row.seed;
  unit.sample_id = row.sample_id;
  unit.image_id = sample.image_id;
  unit.pass = row.pass;
  unit.status = row.status;
  unit.attempt = chosen_[at(source.bundle)].shard;
  unit.rank = row.rank;
  unit.repeat = row.repeat;
  unit.order = row.order;
  unit.kept = row.kept;
  unit.kept_last = row.kept_last;
  unit.llm_tokens = row.llm_tokens;
  unit.layer_mean_tokens = row.layer_mean_tokens;
  unit.stage_ns = row.stage_ns;
  unit.total_ns = row.total_ns;
  unit.peak_bytes_llm = row.peak_bytes_llm;
  unit.peak_bytes_total = row.peak_bytes_total;
  unit.kv_bytes = row.kv_bytes;
  unit.flops_llm = row.flops_llm;
  unit.flops_total = row.flops_total;
  unit.clock_mhz = row.clock_mhz;
  unit.temperature = row.temperature;
  unit.throttled = row.throttled;
  unit.energy_mj = row.energy_mj;
  return unit;
}

void Merger::merge_units() {
  std::vector<Source> sources;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto& rows = bundle(b).units;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int16_t variant = mapped(shard(b).variants, rows[i].variant, "variant", shard(b));
      if (!counts(b, variant, rows[i].seed)) continue;
      sources.push_back(
          {static_cast<std::uint64_t>(sample_of(rows[i].sample_id, b)),
           pack_key(static_cast<std::int64_t>(rows[i].pass), variant, rows[i].seed, rows[i].repeat),
           b, static_cast<std::int32_t>(i)});
    }
  }
  sort_sources(sources);
  run_.units.reserve(sources.size());
  for (const Source& source : sources) {
    run_.units.push_back(unit_of(source));
    if (run_.units.back().status == store::Status::ok) continue;
    const store::Bundle& from = bundle(source.bundle);
    const std::span<const std::byte> message = from.get(from.units[at(source.row)].error);
    run_.failures.push_back(
        {run_.units.size() - 1,
         std::string(reinterpret_cast<const char*>(message.data()), message.size())});
  }
  merge_tokens(sources);
}

/// Token rows belong to the accuracy unit of their sample, variant and seed.
void Merger::merge_tokens(const std::vector<Source>& units) {
  struct Found {
    std::int64_t unit;
    std::int32_t bundle, row;
  };
  const auto key = [this](std::uint64_t sample_id, std::int16_t variant, std::int16_t seed,
                          std::int32_t from) {
    return std::pair(sample_of(sample_id, from), pack_key(0, variant, seed, 0));
  };
  std::vector<Found> found;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto& rows = bundle(b).tokens;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int16_t variant = mapped(shard(b).variants, rows[i].variant, "variant", shard(b));
      if (!counts(b, variant, rows[i].seed)) continue;
      const auto [sample, minor] = key(rows[i].sample_id, variant, rows[i].seed, b);
      const auto wanted = std::pair(static_cast<std::uint64_t>(sample), minor);
      const auto unit = std::lower_bound(
          units.begin(), units.end(), wanted,
          [](const Source& s, const auto& w) { return std::pair(s.major, s.minor) < w; });
      if (unit == units.end() || std::pair(unit->major, unit->minor) != wanted) continue;
      found.push_back({unit - units.begin(), b, static_cast<std::int32_t>(i)});
    }
  }
  std::sort(found.begin(), found.end(), [this](const Found& a, const Found& b) {
    return std::tuple(a.unit, bundle(a.bundle).tokens[at(a.row)].layer, a.bundle, a.row) <
           std::tuple(b.unit, bundle(b.bundle).tokens[at(b.row)].layer, b.bundle, b.row);
  });
  for (const Found& f : found) {
    const store::TokensRow& row = bundle(f.bundle).tokens[at(f.row)];
    run_.tokens.push_back({f.unit, row.layer, keep(bundle(f.bundle), row.indices)});
  }
}

}  // namespace litebench::analysis
