// Images, samples, sentences and bundles of a run; rows that every unit refers to.

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include <fmt/core.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "analysis/rows/merger.hpp"
#include "base/error.hpp"

namespace litebench::analysis {

void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

std::uint64_t pack_key(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  const auto part = [](std::int64_t value) { return static_cast<std::uint64_t>(value) & 0xFFFF; };
  return part(a) << 48 | part(b) << 32 | part(c) << 16 | part(d);
}

std::int64_t Merger::sample_of(std::uint64_t sample_id, std::int32_t from) const {
  const auto found = sample_position_.find(sample_id);
  if (found != sample_position_.end()) return found->second;
  throw Error(ExitCode::data,
              fmt::format("bundle {:016x} of {} contradicts itself", bundle(from).commit.bundle_id,
                          run_.processes[at(chosen_[at(from)].shard)].file),
              fmt::format("a row belongs to sample {:016x}, which is not in it", sample_id),
              "move the shard away and run again; its bundles are redone");
}

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
  const std::vector<Source> sources =
      sources_of(&store::Bundle::sentences,
                 [this](const store::SentenceRow& row, std::int32_t b, Source& source) {
                   source.major = static_cast<std::uint64_t>(sample_of(row.sample_id, b));
                   source.minor = static_cast<std::uint64_t>(row.turn);
                   return true;
                 });
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
  {
    std::vector<LoadedShard> shards = load_shards(run);
    Merger(run, shards, choose_bundles(run, shards)).merge();
  }
  give_back_memory();
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
