// Expressions, units and tokens of a run.

#include <algorithm>
#include <limits>

#include "analysis/rows/merger.hpp"
#include "shards/store/cold_start.hpp"

namespace litebench::analysis {
namespace {

/// work(i) for i in 0 … count − 1 on all cores, neighbours together.
template <typename Work>
void in_chunks(std::size_t count, Work work) {
  constexpr std::size_t kChunk = 1 << 14;
  parallel_for((count + kChunk - 1) / kChunk, 0, [&](std::size_t chunk) {
    for (std::size_t i = chunk * kChunk; i < std::min(count, (chunk + 1) * kChunk); ++i) work(i);
  });
}

}  // namespace

void Merger::merge_expressions() {
  const std::vector<Source> sources = sources_of(
      &store::Bundle::expressions,
      [this](const store::ExpressionRow& row, std::int32_t b, Source& source) {
        const std::int16_t variant = mapped(shard(b).variants, row.variant, "variant", shard(b));
        source.major = static_cast<std::uint64_t>(sample_of(row.sample_id, b));
        source.minor = pack_key(0, variant, row.seed, row.turn);
        return counts(b, variant, row.seed);
      });
  const std::vector<std::size_t> sentences = starts_of(run_.samples, run_.sentences);
  run_.expressions.resize(sources.size());
  in_chunks(sources.size(),
            [&](std::size_t i) { run_.expressions[i] = expression_of(sources[i], sentences); });
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const store::Bundle& from = bundle(sources[i].bundle);
    run_.expressions[i].bytes = keep(from, from.expressions[at(sources[i].row)].mask);
  }
}

/// All but its mask.
results::Expression Merger::expression_of(const Source& source,
                                          const std::vector<std::size_t>& sentences) const {
  const store::ExpressionRow& row = bundle(source.bundle).expressions[at(source.row)];
  const results::Sample& sample = run_.samples[source.major];
  const results::Sentence* sentence = nullptr;
  for (std::size_t i = sentences[source.major]; i < sentences[source.major + 1]; ++i) {
    if (run_.sentences[i].turn == row.turn) sentence = &run_.sentences[i];
  }
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

std::vector<Source> Merger::unit_sources(bool cold) const {
  return sources_of(&store::Bundle::units, [this, cold](const store::UnitRow& row, std::int32_t b,
                                                        Source& source) {
    if (store::is_cold_start(row.repeat) != cold) return false;
    const std::int16_t variant = mapped(shard(b).variants, row.variant, "variant", shard(b));
    source.major = static_cast<std::uint64_t>(sample_of(row.sample_id, b));
    source.minor = pack_key(static_cast<std::int64_t>(row.pass), variant, row.seed, row.repeat);
    return counts(b, variant, row.seed);
  });
}

void Merger::merge_cold_starts() {
  for (const Source& source : unit_sources(true)) run_.cold_starts.push_back(unit_of(source));
}

void Merger::merge_units() {
  const std::vector<Source> sources = unit_sources(false);
  run_.units.resize(sources.size());
  in_chunks(sources.size(), [&](std::size_t i) { run_.units[i] = unit_of(sources[i]); });
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (run_.units[i].status == store::Status::ok) continue;
    const store::Bundle& from = bundle(sources[i].bundle);
    const std::span<const std::byte> message = from.get(from.units[at(sources[i].row)].error);
    run_.failures.push_back(
        {i, std::string(reinterpret_cast<const char*>(message.data()), message.size())});
  }
  merge_tokens(sources);
}

/// Token rows belong to the accuracy unit of their sample, variant and seed; by unit and layer.
void Merger::merge_tokens(const std::vector<Source>& units) {
  const auto before = [](const Source& unit, std::pair<std::uint64_t, std::uint64_t> wanted) {
    return std::pair(unit.major, unit.minor) < wanted;
  };
  const std::vector<Source> sources = sources_of(
      &store::Bundle::tokens, [&](const store::TokensRow& row, std::int32_t b, Source& source) {
        const std::int16_t variant = mapped(shard(b).variants, row.variant, "variant", shard(b));
        const std::pair wanted(static_cast<std::uint64_t>(sample_of(row.sample_id, b)),
                               pack_key(0, variant, row.seed, 0));
        const auto unit = std::lower_bound(units.begin(), units.end(), wanted, before);
        if (unit == units.end() || std::pair(unit->major, unit->minor) != wanted) return false;
        source.major = static_cast<std::uint64_t>(unit - units.begin());
        source.minor =
            static_cast<std::uint64_t>(row.layer - std::numeric_limits<std::int16_t>::min());
        return counts(b, variant, row.seed);
      });
  run_.tokens.reserve(sources.size());
  for (const Source& source : sources) {
    const store::TokensRow& row = bundle(source.bundle).tokens[at(source.row)];
    run_.tokens.push_back({static_cast<std::int64_t>(source.major), row.layer,
                           keep(bundle(source.bundle), row.indices)});
  }
}

}  // namespace litebench::analysis
