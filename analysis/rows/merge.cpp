// The chosen bundles become sorted tables.

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include <fmt/core.h>

#include "analysis/rows/shards.hpp"
#include "base/error.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// Where a row lies before it is copied: sorting these is cheaper than sorting wide rows.
struct Source {
  std::uint64_t major = 0, minor = 0;  // sort key
  std::int32_t bundle = 0, row = 0;    // into the chosen bundles
};

void sort_sources(std::vector<Source>& sources) {
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) {
    return std::tie(a.major, a.minor, a.bundle, a.row) <
           std::tie(b.major, b.minor, b.bundle, b.row);
  });
}

std::uint64_t pack_key(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  const auto part = [](std::int64_t value) { return static_cast<std::uint64_t>(value) & 0xFFFF; };
  return part(a) << 48 | part(b) << 32 | part(c) << 16 | part(d);
}

class Merger {
 public:
  Merger(Run& run, const std::vector<LoadedShard>& shards, std::vector<BundleRef> chosen)
      : run_(run), shards_(shards), chosen_(std::move(chosen)) {}

  void merge() {
    merge_images();
    merge_samples();
    merge_sentences();
    merge_expressions();
    merge_units();
    merge_bundles();
  }

 private:
  const LoadedShard& shard(std::int32_t bundle) const {
    return shards_[at(chosen_[at(bundle)].shard)];
  }
  const store::Bundle& bundle(std::int32_t index) const {
    return shard(index).contents.bundles[at(chosen_[at(index)].bundle)];
  }
  std::int32_t bundles() const { return static_cast<std::int32_t>(chosen_.size()); }

  results::Slice keep(const store::Bundle& from, store::Bytes where) {
    const std::span<const std::byte> data = from.get(where);
    const results::Slice slice{run_.bytes.size(), where.length};
    run_.bytes.insert(run_.bytes.end(), data.begin(), data.end());
    return slice;
  }

  /// Position of the sample, or Error{data}: rows of samples that no bundle describes cannot be
  /// placed.
  std::int64_t sample_of(std::uint64_t sample_id, std::int32_t from) const {
    const auto found = sample_position_.find(sample_id);
    if (found != sample_position_.end()) return found->second;
    throw Error(
        ExitCode::data,
        fmt::format("bundle {:016x} of {} contradicts itself", bundle(from).commit.bundle_id,
                    run_.processes[at(chosen_[at(from)].shard)].file),
        fmt::format("a row belongs to sample {:016x}, which is not in it", sample_id),
        "move the shard away and run again; its bundles are redone");
  }

  void merge_images();
  void merge_samples();
  void number_in_plan_order();
  void merge_sentences();
  void merge_expressions();
  void merge_units();
  results::Unit unit_of(const Source& source) const;
  void merge_tokens(const std::vector<Source>& units);
  void merge_bundles();

  Run& run_;
  const std::vector<LoadedShard>& shards_;
  std::vector<BundleRef> chosen_;
  std::unordered_map<std::uint64_t, std::int64_t>
      sample_position_;  // sample id -> index into run_.samples
};

void Merger::merge_images() {
  struct Found {
    results::Image image;
    std::int32_t bundle;
    store::Bytes name;
  };
  std::vector<Found> found;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    for (const store::ImageRow& row : bundle(b).images) {
      const std::int16_t dataset = mapped(shard(b).datasets, row.dataset, "data set", shard(b));
      found.push_back({{static_cast<std::int8_t>(dataset), row.image_id, row.height, row.width, {}},
                       b,
                       row.file_name});
    }
  }
  const auto key = [](const Found& f) {
    return std::pair<std::int8_t, std::int64_t>(f.image.dataset, f.image.image_id);
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const Found& a, const Found& b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0 && key(found[i]) == key(found[i - 1])) continue;
    run_.images.push_back(found[i].image);
    run_.images.back().file_name = keep(bundle(found[i].bundle), found[i].name);
  }
}

void Merger::merge_samples() {
  std::unordered_set<std::uint64_t> seen;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    for (const store::SampleRow& row : bundle(b).samples) {
      if (!seen.insert(row.sample_id).second) continue;
      results::Sample sample{};
      sample.sample_id = row.sample_id;
      sample.dataset =
          static_cast<std::int8_t>(mapped(shard(b).datasets, row.dataset, "data set", shard(b)));
      sample.split =
          static_cast<std::int8_t>(mapped(shard(b).splits, row.split, "split", shard(b)));
      sample.protocol = mapped(shard(b).protocols, row.protocol, "protocol", shard(b));
      sample.protocol_seed = row.protocol_seed;
      sample.image_id = row.image_id;
      sample.ordinal = row.ordinal;
      sample.turns = row.turns;
      sample.tokens = row.tokens;
      run_.samples.push_back(sample);
    }
  }
  const auto key = [](const results::Sample& s) {
    return std::tuple(s.dataset, s.split, s.protocol, s.image_id, s.ordinal, s.sample_id);
  };
  std::sort(run_.samples.begin(), run_.samples.end(),
            [&](const results::Sample& a, const results::Sample& b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < run_.samples.size(); ++i) {
    sample_position_[run_.samples[i].sample_id] = static_cast<std::int64_t>(i);
  }
  number_in_plan_order();
}

/// The plan lists bundles in the protocol's image order, a bundle its samples in evaluation order.
void Merger::number_in_plan_order() {
  std::unordered_map<std::uint64_t, std::int64_t> position;  // bundle id -> place in the plan
  for (std::size_t i = 0; i < run_.plan.size(); ++i) {
    position.emplace(run_.plan[i].bundle_id, static_cast<std::int64_t>(i));
  }
  std::vector<std::pair<std::int64_t, std::int32_t>> order;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto found = position.find(bundle(b).commit.bundle_id);
    const auto unplanned = static_cast<std::int64_t>(run_.plan.size());
    order.emplace_back(found == position.end() ? unplanned : found->second, b);
  }
  std::sort(order.begin(), order.end());
  std::unordered_map<std::int32_t, std::int32_t>
      next;  // split and protocol -> samples numbered so far
  for (results::Sample& sample : run_.samples) sample.order = -1;
  for (const auto& [place, b] : order) {
    for (const store::SampleRow& row : bundle(b).samples) {
      results::Sample& sample = run_.samples[at(sample_of(row.sample_id, b))];
      if (sample.order < 0) sample.order = next[sample.split << 16 | sample.protocol]++;
    }
  }
}

void Merger::merge_sentences() {
  std::vector<Source> sources;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto& rows = bundle(b).sentences;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      sources.push_back({static_cast<std::uint64_t>(sample_of(rows[i].sample_id, b)),
                         static_cast<std::uint64_t>(rows[i].turn), b,
                         static_cast<std::int32_t>(i)});
    }
  }
  sort_sources(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& s = sources[i];
    if (i > 0 && s.major == sources[i - 1].major && s.minor == sources[i - 1].minor) continue;
    const store::SentenceRow& row = bundle(s.bundle).sentences[at(s.row)];
    results::Sentence sentence{
        row.sample_id,      row.turn,         row.ref_id, row.sent_id, row.ann_id, row.category_id,
        row.template_index, row.answer_index, row.box,    {},          {}};
    sentence.text = keep(bundle(s.bundle), row.text);
    sentence.target = keep(bundle(s.bundle), row.target);
    run_.sentences.push_back(sentence);
  }
}

void Merger::merge_expressions() {
  std::vector<Source> sources;
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const auto& rows = bundle(b).expressions;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int16_t variant = mapped(shard(b).variants, rows[i].variant, "variant", shard(b));
      sources.push_back({static_cast<std::uint64_t>(sample_of(rows[i].sample_id, b)),
                         pack_key(0, variant, rows[i].seed, rows[i].turn), b,
                         static_cast<std::int32_t>(i)});
    }
  }
  sort_sources(sources);
  std::size_t sentence = 0;  // sentences are sorted alike, so one pass finds each row's ids
  run_.expressions.reserve(sources.size());
  for (const Source& s : sources) {
    const store::ExpressionRow& row = bundle(s.bundle).expressions[at(s.row)];
    const results::Sample& sample = run_.samples[s.major];
    const auto position = static_cast<std::int64_t>(s.major);
    const auto before = [&](const results::Sentence& other) {
      return sample_of(other.sample_id, s.bundle) < position;
    };
    while (sentence < run_.sentences.size() && before(run_.sentences[sentence])) ++sentence;
    results::Expression e{};
    e.dataset = sample.dataset;
    e.split = sample.split;
    e.protocol = sample.protocol;
    e.variant = mapped(shard(s.bundle).variants, row.variant, "variant", shard(s.bundle));
    e.seed = row.seed;
    e.sample_id = row.sample_id;
    e.image_id = sample.image_id;
    for (std::size_t i = sentence; i < run_.sentences.size(); ++i) {
      const results::Sentence& spoken = run_.sentences[i];
      if (spoken.sample_id != row.sample_id) break;
      if (spoken.turn != row.turn) continue;
      e.ref_id = spoken.ref_id;
      e.sent_id = spoken.sent_id;
    }
    e.turn = row.turn;
    e.status = row.status;
    e.intersection = row.intersection;
    e.union_ = row.union_;
    e.predicted_area = row.predicted_area;
    e.target_area = row.target_area;
    e.overlap_area = row.overlap_area;
    e.overlap_hit = row.overlap_hit;
    e.mask_hash = row.mask_hash;
    e.bytes = keep(bundle(s.bundle), row.mask);
    run_.expressions.push_back(e);
  }
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

void Merger::merge_bundles() {
  for (std::int32_t b = 0; b < bundles(); ++b) {
    const store::CommitRow& commit = bundle(b).commit;
    results::Bundle row{};
    row.bundle_id = commit.bundle_id;
    row.pass = commit.pass;
    row.dataset =
        static_cast<std::int8_t>(mapped(shard(b).datasets, commit.dataset, "data set", shard(b)));
    row.split = static_cast<std::int8_t>(mapped(shard(b).splits, commit.split, "split", shard(b)));
    row.protocol = mapped(shard(b).protocols, commit.protocol, "protocol", shard(b));
    row.image_id = commit.image_id;
    row.attempt = chosen_[at(b)].shard;
    row.samples = commit.samples;
    row.expressions = commit.expressions;
    row.units = commit.units;
    row.shared_ns = commit.shared_ns;
    row.begin_ns = commit.begin_ns;
    row.duration_ns = commit.duration_ns;
    run_.bundles.push_back(row);
  }
}

}  // namespace

std::string Run::where(const results::Unit& unit) const {
  return fmt::format("{} image {} {}{}", splits[at(unit.split)], unit.image_id,
                     variants[at(unit.variant)].id,
                     unit.seed > 0 ? fmt::format(" seed {}", unit.seed) : "");
}

Run load_run(const std::filesystem::path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    throw Error(ExitCode::io, fmt::format("cannot read {}", directory.string()),
                error ? error.message() : "it is no folder", "give the output folder of a run");
  }
  Run run;
  run.directory = directory;
  const std::vector<LoadedShard> shards = load_shards(run);
  Merger(run, shards, choose_bundles(run, shards)).merge();
  return run;
}

std::string environment_of(const Run& run, std::string_view key) {
  for (const Process& process : run.processes) {
    for (const auto& [name, value] : process.environment) {
      if (name == key) return value;
    }
  }
  return "";
}

}  // namespace litebench::analysis
