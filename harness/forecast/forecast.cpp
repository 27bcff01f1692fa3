#include "harness/forecast/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/forecast/operators.hpp"
#include "model/llama/accounting.hpp"

namespace litebench::forecast {
namespace {

using evaluate::TextKind;
using store::Stage;

double d(std::int64_t value) { return static_cast<double>(value); }

double& at(Stages& stages, Stage stage) { return stages[static_cast<std::size_t>(stage)]; }

double text_seconds(const Rates& rates, const TextShape& text) {
  return rates.at("text", {d(text.texts), d(text.tokens)});
}

TextShape text_of(const SampleShape& sample, TextKind kind) {
  if (kind == TextKind::none) return {};
  return kind == TextKind::question ? sample.question : sample.expression;
}

double text_seconds(const Rates& rates, const SampleShape& sample, TextKind kind, bool padded) {
  if (kind == TextKind::none) return 0;
  TextShape text = text_of(sample, kind);
  if (padded) text.tokens = text.texts * text.longest;
  return text_seconds(rates, text);
}

std::int64_t length_of(const VariantShape& variant, const SampleShape& sample) {
  return variant.entering.front() + sample.text_rows;
}

void add_picture(Stages& stages, const Rates& rates, const BundleShape& bundle) {
  at(stages, Stage::decode) = rates.at("decode", {1, d(bundle.pixels)});
  at(stages, Stage::preprocess) = rates.at("preprocess", {1, d(bundle.pixels)});
}

double mask_seconds(const Rates& rates, std::int64_t prompts) {
  return prompts == 0 ? 0 : rates.at(mask_names(prompts).seconds, {1, d(prompts)});
}

double mask_bytes(const Rates& rates, std::int64_t prompts) {
  return prompts == 0 ? 0 : rates.at(mask_names(prompts).bytes, {1, d(prompts)});
}

/// Features of one decoder layer over a pack.
std::array<double, 4> features_of(std::span<const double> rows) {
  std::array<double, 4> x = {1, static_cast<double>(rows.size()), 0, 0};
  for (const double n : rows) {
    x[2] += n;
    x[3] += n * n;
  }
  return x;
}

}  // namespace

double total(const Stages& stages) { return std::accumulate(stages.begin(), stages.end(), 0.0); }

Forecaster::Forecaster(const Rates& rates, const config::Config& config,
                       const model::Geometry& geometry,
                       const std::vector<evaluate::PlannedMethod>& methods)
    : rates_(rates),
      config_(config),
      geometry_(geometry),
      runs_(evaluate::runs_of(config, store::Pass::accuracy)),
      taps_(name_of(evaluate::taps_of(methods, geometry).vision)) {
  for (const protocol::Protocol& protocol : config.protocols) {
    variants_.emplace_back();
    for (const evaluate::PlannedMethod& method : methods)
      variants_.back().push_back(shape_of(method, geometry, protocol));
  }
}

double Forecaster::sam() const {
  const std::int64_t global = std::ssize(geometry_.sam.global_blocks);
  return rates_.at("sam", {1, d(geometry_.sam.depth - global), d(global)});
}

/// Sample after sample, all variants of each, without those that cannot be.
std::vector<Forecaster::Sequence> Forecaster::sequences(const BundleShape& bundle,
                                                        std::size_t protocol) const {
  std::vector<Sequence> all;
  for (const SampleShape& sample : bundle.samples) {
    for (const evaluate::VariantRun& run : runs_) {
      const VariantShape& shape = variants_[protocol][static_cast<std::size_t>(run.variant)];
      if (shape.feasible) all.push_back({&shape, &sample});
    }
  }
  return all;
}

std::vector<std::span<const Forecaster::Sequence>> Forecaster::packs(
    std::span<const Sequence> sequences) const {
  std::vector<std::int64_t> lengths;
  for (const Sequence& one : sequences) lengths.push_back(length_of(*one.variant, *one.sample));
  std::vector<std::span<const Sequence>> all;
  for (std::size_t begin = 0; begin < sequences.size();) {
    const std::size_t end = evaluate::end_of_pack(lengths, begin, config_.rows_per_pack);
    all.push_back(sequences.subspan(begin, end - begin));
    begin = end;
  }
  return all;
}

double Forecaster::prefill(std::span<const Sequence> pack) const {
  const auto layers = static_cast<std::size_t>(geometry_.llama.layers);
  std::vector<double> rows(pack.size());
  double seconds = 0;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    for (std::size_t i = 0; i < pack.size(); ++i)
      rows[i] = d(pack[i].variant->rows(layer, *pack[i].sample));
    seconds += rates_.at(layer + 1 == layers ? "llm.last" : "llm.inner", features_of(rows));
  }
  return seconds;
}

double Forecaster::prefill_bytes(std::span<const Sequence> pack) const {
  double rows = 0, longest = 0;
  for (const Sequence& one : pack) {
    rows += d(length_of(*one.variant, *one.sample));
    longest = std::max(longest, d(one.variant->rows(0, *one.sample)));
  }
  return rates_.at("llm.bytes", {1, rows, longest * longest});
}

bool Forecaster::upstream() const {
  return config::compute_of(config_) == model::Compute::upstream;
}

std::string Forecaster::timed(std::string name) const {
  return upstream() ? name.append(kUpstream) : name;
}

double Forecaster::element_bytes() const {
  return config_.dtype == config::DTypeChoice::fp32 ? 4 : 2;
}

double Forecaster::upstream_prefill(const Sequence& one) const {
  const auto layers = static_cast<std::size_t>(geometry_.llama.layers);
  double seconds = 0;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const double rows = d(one.variant->all_rows(layer, *one.sample));
    seconds += rates_.at(timed(layer + 1 == layers ? "llm.last" : "llm.inner"),
                         features_of(std::span(&rows, 1)));
  }
  return seconds;
}

double Forecaster::upstream_prefill_bytes(const Sequence& one) const {
  const double row_bytes = element_bytes() * d(geometry_.llama.hidden);
  const double first = d(one.variant->all_rows(0, *one.sample));
  double kept = 0, peak = 0, rows = 0;  // kept: rows of the states that entered the layers before
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(geometry_.llama.layers); ++layer) {
    kept += rows;
    rows = d(one.variant->all_rows(layer, *one.sample));
    // The embeddings that all of it began with stay as long as they were.
    peak = std::max(
        peak, rates_.at("llm.bytes", {1, rows, rows * rows}) + row_bytes * (kept + first - rows));
  }
  // Behind the layers come the logits of the rows that are left; their own state is kept as well.
  return std::max(
      peak, rates_.at(timed("llm.bytes"), {1, rows, rows * rows}) + row_bytes * (kept + first));
}

Stages Forecaster::accuracy(const BundleShape& bundle, std::size_t protocol) const {
  Stages stages{};
  add_picture(stages, rates_, bundle);
  at(stages, Stage::clip) = rates_.at("clip:" + taps_, {1});
  at(stages, Stage::project) = rates_.at("project", {1, d(geometry_.vision.patches())});
  const std::vector<Sequence> all = sequences(bundle, protocol);
  double& select = at(stages, Stage::select);
  for (const SampleShape& sample : bundle.samples) {
    for (const TextKind kind : {TextKind::question, TextKind::expression}) {
      const bool wanted = std::any_of(variants_[protocol].begin(), variants_[protocol].end(),
                                      [&](const VariantShape& v) { return v.text == kind; });
      if (wanted) select += text_seconds(rates_, sample, kind, false);
    }
  }
  std::int64_t prompts = 0;
  for (const Sequence& one : all) {
    select += rates_.at("select:" + one.variant->id, {1}) +
              rates_.at("splice", {1, d(length_of(*one.variant, *one.sample))});
    if (one.variant->merges) select += rates_.at("project", {1, d(one.variant->entering.front())});
    prompts += one.sample->turns;
  }
  for (const auto& pack : packs(all)) at(stages, Stage::prefill) += prefill(pack);
  at(stages, Stage::sam) = sam();
  const std::int64_t together = config_.prompts_per_decode;
  at(stages, Stage::mask) = d(prompts / together) * mask_seconds(rates_, together) +
                            mask_seconds(rates_, prompts % together);
  at(stages, Stage::post) = rates_.at("post", {d(prompts), d(prompts) * d(bundle.pixels)});
  return stages;
}

Stages Forecaster::latency(const BundleShape& bundle, const SampleShape& sample,
                           std::size_t protocol, std::size_t variant) const {
  const VariantShape& shape = variants_[protocol][variant];
  Stages stages{};
  if (!shape.feasible) return stages;
  const double patches = d(geometry_.vision.patches()), kept = d(shape.entering.front());
  add_picture(stages, rates_, bundle);
  at(stages, Stage::clip) = rates_.at(timed("clip:" + shape.taps), {1});
  at(stages, Stage::select) = rates_.at("select:" + shape.id, {1}) +
                              text_seconds(rates_, sample, shape.text, upstream()) +
                              (shape.projected ? rates_.at("project", {1, patches}) : 0);
  at(stages, Stage::project) = rates_.at("project", {1, kept});
  const Sequence one{&shape, &sample};
  at(stages, Stage::prefill) = (upstream() ? upstream_prefill(one) : prefill(std::span(&one, 1))) +
                               rates_.at("splice", {1, d(length_of(shape, sample))});
  at(stages, Stage::sam) = sam();
  at(stages, Stage::mask) = upstream() ? rates_.at(timed("mask"), {1, d(sample.turns)})
                                       : mask_seconds(rates_, sample.turns);
  at(stages, Stage::post) =
      rates_.at("post", {d(sample.turns), d(sample.turns) * d(bundle.pixels)});
  return stages;
}

Memory Forecaster::latency_memory(const SampleShape& sample, std::size_t protocol,
                                  std::size_t variant) const {
  const VariantShape& shape = variants_[protocol][variant];
  if (!shape.feasible) return {};
  const double kept = rates_.at("clip.kept:" + shape.taps, {1});
  const double visual = element_bytes() * d(shape.entering.front() * geometry_.llama.hidden);
  const Sequence one{&shape, &sample};
  Memory memory;
  memory.llm = upstream() ? upstream_prefill_bytes(one) : prefill_bytes(std::span(&one, 1));
  const double masks = upstream() ? rates_.at(timed("mask.bytes"), {1, d(sample.turns)})
                                  : mask_bytes(rates_, sample.turns);
  memory.total =
      std::max({rates_.at(timed("clip.bytes:" + shape.taps), {1}), kept + visual + memory.llm,
                kept + rates_.at("sam.bytes", {1}), kept + masks});
  return memory;
}

double Forecaster::latency_flops(const SampleShape& sample, std::size_t protocol,
                                 std::size_t variant) const {
  const VariantShape& shape = variants_[protocol][variant];
  if (!shape.feasible) return 0;
  std::vector<std::int64_t> rows;
  for (std::size_t layer = 0; layer < shape.entering.size(); ++layer)
    rows.push_back(upstream() ? shape.all_rows(layer, sample) : shape.rows(layer, sample));
  return model::executed_flops(
      geometry_, {rows, shape.entering.front(), sample.turns, text_of(sample, shape.text).longest},
      config::compute_of(config_));
}

Memory Forecaster::accuracy_memory(std::span<const BundleShape> group, std::size_t protocol) const {
  const double element = element_bytes();
  const double hidden = element * d(geometry_.llama.hidden);
  const double side = d(geometry_.sam.low_res());
  std::vector<Sequence> all;
  double held = rates_.at("clip.kept:" + taps_, {1}) + hidden * d(geometry_.vision.patches());
  std::int64_t prompts = 0;  // of one image: masks are decoded image by image
  for (const BundleShape& image : group) {
    std::int64_t own = 0;
    for (const Sequence& one : sequences(image, protocol)) {
      held += hidden * d(length_of(*one.variant, *one.sample));
      own += one.sample->turns;
      all.push_back(one);
    }
    prompts = std::max(prompts, own);
  }
  Memory memory;
  for (const auto& pack : packs(all)) {
    // Its embeddings are among what is held already.
    double embeds = 0;
    for (const Sequence& one : pack) embeds += hidden * d(length_of(*one.variant, *one.sample));
    memory.llm = std::max(memory.llm, prefill_bytes(pack) - embeds);
  }
  const std::int64_t together = std::min<std::int64_t>(prompts, config_.prompts_per_decode);
  // All logits, and once more while they are put together.
  const double logits = 2 * element * side * side * d(prompts);
  memory.total =
      std::max({rates_.at("clip.bytes:" + taps_, {1}), held + memory.llm,
                held + rates_.at("sam.bytes", {1}), held + logits + mask_bytes(rates_, together)});
  return memory;
}

}  // namespace litebench::forecast
