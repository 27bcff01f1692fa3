#include "harness/forecast/operators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sqrt.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/evaluate/scoring.hpp"
#include "harness/evaluate/sequences.hpp"
#include "harness/forecast/meter.hpp"
#include "harness/forecast/shapes.hpp"
#include "harness/measure/clock.hpp"
#include "harness/progress/progress.hpp"
#include "model/llama/accounting.hpp"
#include "model/prune/answer/answer.hpp"
#include "model/prune/ledger.hpp"

namespace litebench::forecast {
namespace {

using evaluate::PreparedImage;
using evaluate::PreparedSample;

constexpr std::size_t kPictures = 6;  ///< of the plan, spread over it

double d(std::int64_t value) { return static_cast<double>(value); }

std::string upstream(std::string name) { return name.append(kUpstream); }

struct Probe {
  PreparedImage image;
  const protocol::Protocol* protocol;
};

/// Pictures spread over the plan that can be read and whose conversations can be evaluated.
std::vector<Probe> probes_of(const Subject& subject) {
  const evaluate::Preparer preparer(subject.config, subject.plan, subject.geometry,
                                    subject.prompts);
  const auto& bundles = subject.plan.bundles;
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < std::min(bundles.size(), kPictures); ++i) {
    const evaluate::BundlePlan& bundle =
        bundles[i * bundles.size() / std::min(bundles.size(), kPictures)];
    PreparedImage image = preparer.prepare(bundle);
    std::erase_if(image.samples, [](const PreparedSample& s) { return !s.error.empty(); });
    if (!image.decode_error.empty() || image.samples.empty()) continue;
    probes.push_back({std::move(image),
                      &subject.config.protocols[static_cast<std::size_t>(bundle.row.protocol)]});
  }
  if (probes.empty()) {
    throw Error(ExitCode::data, "cannot predict times", "none of some pictures could be read",
                "mend the data, or give --no-forecast");
  }
  return probes;
}

/// Logits whose mask is a disc, as most masks are one object with one edge.
at::Tensor disc(std::int64_t side, const at::TensorOptions& options) {
  const at::Tensor line = (at::arange(side) - d(side) / 2) / d(side);
  const at::Tensor radius = at::sqrt(line.pow(2).unsqueeze(0) + line.pow(2).unsqueeze(1));
  return (0.2 - radius).to(options);
}

/// All measurements of one subject. Tensors that tasks work on are members: they are live throughout.
class Measurement {
 public:
  Measurement(Rates& rates, const Subject& subject, const Reduced& reduced)
      : rates_(rates),
        subject_(subject),
        reduced_(reduced),
        probes_(probes_of(subject)),
        weights_(random_model(reduced.geometry, dtype(), subject.device.torch_device(),
                              config::compute_of(subject.config))),
        glamm_(weights_) {}

  void run(double seconds) {
    add_pictures();
    add_towers();
    add_text();
    add_selections();
    add_projector();
    add_language_model();
    add_masks();
    progress::ProgressLine line(stderr, tasks_.size() * kLeastRuns, 0, 1, false, "measurements");
    const std::vector<Outcome> outcomes = measure_into(
        rates_, tasks_, subject_.device, seconds, [&](std::uint64_t runs) { line.update(runs); });
    for (const auto& [name, shallow, deep] : layers_) {
      const double layer = (outcomes[deep].seconds - outcomes[shallow].seconds) /
                           d(reduced_.llama.back() - reduced_.llama.front());
      rates_.add(name, {tasks_[shallow].x, std::max(layer, 0.0)});
    }
    for (const auto& [task, x, states] : kept_states_)
      rates_.add(upstream("llm.bytes"), {x, outcomes[task].bytes - states});
  }

 private:
  [[nodiscard]] at::ScalarType dtype() const {
    return subject_.config.dtype == config::DTypeChoice::fp32 ? at::kFloat : at::kBFloat16;
  }
  [[nodiscard]] const model::Geometry& geometry() const { return reduced_.geometry; }

  template <typename Work>
  std::function<double()> timed(Work work) {
    return [this, work = std::move(work)] {
      const measure::Stopwatch watch;
      work();
      subject_.device.synchronize();
      return d(watch.elapsed_ns()) * 1e-9;
    };
  }

  void add_pictures() {
    if (rates_.has("decode")) return;
    for (const Probe& probe : probes_) {
      const auto load = [this, &probe] {
        return evaluate::load_pixels(subject_.config.root, probe.image.image, probe.protocol->exif,
                                     subject_.geometry);
      };
      const std::vector<double> x = {
          1, d(std::int64_t{probe.image.image.height} * probe.image.image.width)};
      tasks_.push_back({"decode", x, [load] { return 1e-9 * d(load().decode_ns); }});
      tasks_.push_back({"preprocess", x, [load] { return 1e-9 * d(load().preprocess_ns); }});
    }
  }

  [[nodiscard]] at::Tensor clip_pixels() const {
    return glamm_.upload(probes_.front().image.pixels.clip, geometry().vision.image);
  }

  [[nodiscard]] bool dead_work() const { return weights_.compute == model::Compute::upstream; }

  void add_upstream_tower(const model::VisionTaps& taps) {
    const std::string name = upstream(name_of(taps));
    if (!dead_work() || rates_.has("clip:" + name)) return;
    tasks_.push_back({"clip:" + name,
                      {1},
                      timed([this, taps] {
                        (void)glamm_.clip_features(clip_pixels(), taps, model::Compute::upstream);
                      }),
                      "clip.bytes:" + name,
                      {1}});
  }

  void add_tower(const model::VisionTaps& taps) {
    add_upstream_tower(taps);
    const std::string name = name_of(taps);
    if (rates_.has("clip:" + name)) return;
    const std::int64_t before = subject_.device.memory().current_bytes;
    {
      const model::VisionFeatures kept = glamm_.clip_features(clip_pixels(), taps);
      rates_.add("clip.kept:" + name, {{1}, d(subject_.device.memory().current_bytes - before)});
    }
    tasks_.push_back({"clip:" + name,
                      {1},
                      timed([this, taps] { (void)glamm_.clip_features(clip_pixels(), taps); }),
                      "clip.bytes:" + name,
                      {1}});
  }

  /// Towers without methods, CLIP as each method and as all together want to see it.
  void add_towers() {
    const prune::TapRequest together = evaluate::taps_of(subject_.methods, subject_.geometry);
    std::set<std::string> seen;
    add_tower(together.vision);
    seen.insert(name_of(together.vision));
    for (const evaluate::PlannedMethod& method : subject_.methods) {
      const model::VisionTaps taps = method.pruner->taps(subject_.geometry).vision;
      if (method.infeasible.empty() && seen.insert(name_of(taps)).second) add_tower(taps);
    }
    const at::TensorOptions options =
        at::TensorOptions().dtype(dtype()).device(subject_.device.torch_device());
    features_ = glamm_.clip_features(clip_pixels(), together.vision);
    projected_ = glamm_.project_patches(features_);
    embedding_ = at::randn({geometry().sam.out, geometry().sam.grid(), geometry().sam.grid()})
                     .to(options)
                     .permute({1, 2, 0})
                     .contiguous()
                     .permute({2, 0, 1});  // channels last in memory, as the encoder leaves it
    if (rates_.has("sam")) return;
    for (const SamDepth& depth : reduced_.sam) {
      auto encoder =
          std::make_shared<model::SamEncoder>(*weights_.glamm, with_depth(geometry().sam, depth));
      const std::vector<double> x = {1, d(depth.windowed), d(depth.global)};
      const bool deepest = &depth == &reduced_.sam.back();
      tasks_.push_back({"sam",
                        x,
                        timed([this, encoder] {
                          (void)encoder->forward(glamm_.upload(
                              probes_.front().image.pixels.sam.values, geometry().sam.image));
                        }),
                        deepest ? "sam.bytes" : "",
                        {1}});
    }
  }

  void add_text() {
    if (rates_.has("text")) return;
    for (const Probe& probe : probes_) {
      const PreparedSample& sample = probe.image.samples.front();
      for (const auto* texts : {&sample.question_ids, &sample.expression_ids}) {
        std::int64_t tokens = 0;
        for (const auto& ids : *texts) tokens += std::ssize(ids);
        tasks_.push_back({"text", {d(std::ssize(*texts)), d(tokens)}, timed([this, texts] {
                            (void)glamm_.text_embeds(*texts);
                          })});
      }
    }
  }

  void add_selections() {
    for (const evaluate::PlannedMethod& method : subject_.methods) {
      const std::string name = "select:" + unit::id_of(method.variant);
      if (!method.infeasible.empty() || rates_.has(name)) continue;
      for (std::size_t p = 0; p < std::min<std::size_t>(2, probes_.size()); ++p) {
        const Probe& probe = probes_[p];
        const PreparedSample& sample = probe.image.samples.front();
        auto texts = std::make_shared<evaluate::SampleTexts>(
            evaluate::embed_texts(glamm_, sample, true, true));
        const auto select = [this, &method, &probe, &sample, texts] {
          (void)evaluate::select_tokens(method, subject_.geometry, features_, projected_, *texts,
                                        sample, *probe.protocol, 0);
        };
        try {
          select();
        } catch (const prune::MethodFailure&) {
          rates_.add(name, {{1}, 0});  // a run records it; there is nothing to time
          continue;
        }
        tasks_.push_back({name, {1}, timed(select)});
      }
    }
  }

  void add_projector() {
    if (rates_.has("project")) return;
    for (const std::int64_t rows : row_counts()) {
      const prune::TokenPlan plan = first_patches(rows);
      tasks_.push_back({"project", {1, d(rows)}, timed([this, plan] {
                          (void)glamm_.project(features_, plan);
                        })});
    }
  }

  [[nodiscard]] std::vector<std::int64_t> row_counts() const {
    const std::int64_t all = geometry().vision.patches();
    return {all, all / 3, all / 9, std::max<std::int64_t>(1, all / 36)};
  }

  [[nodiscard]] prune::TokenPlan first_patches(std::int64_t count) const {
    std::vector<std::int64_t> patches(static_cast<std::size_t>(count));
    std::iota(patches.begin(), patches.end(), 0);
    return prune::gather_patches(patches, geometry().vision.patches());
  }

  /// Sequences of one conversation with some visual rows each.
  struct Pack {
    std::vector<std::unique_ptr<prune::TokenLedger>> ledgers;
    std::vector<model::Sequence> sequences;
  };
  [[nodiscard]] Pack make_pack(const PreparedSample& sample, std::int64_t visual,
                               std::int64_t count) const {
    prune::LedgerOptions options;
    options.patches = geometry().vision.patches();
    options.seg_token = subject_.prompts.seg_token();
    options.turn_ends = sample.turn_ends;
    Pack pack;
    const prune::TokenPlan plan = first_patches(visual);
    for (std::int64_t i = 0; i < count; ++i) {
      pack.ledgers.push_back(std::make_unique<prune::TokenLedger>(sample.input_ids, plan, options));
      pack.sequences.push_back(
          {.embeds = glamm_.llama().splice(sample.input_ids, projected_.slice(0, 0, visual)),
           .ledger = pack.ledgers.back().get()});
    }
    return pack;
  }

  void add_language_model() {
    if (dead_work() && !rates_.has(upstream("llm.last"))) {
      for (const std::int64_t visual : row_counts()) add_upstream_prefill(probes_.front(), visual);
      if (probes_.size() > 1) add_upstream_prefill(probes_.back(), row_counts()[1]);
    }
    if (rates_.has("llm.last")) return;
    const std::int64_t all = geometry().vision.patches();
    for (const std::int64_t visual : row_counts()) add_prefill(probes_.front(), visual, 1);
    if (probes_.size() > 1) add_prefill(probes_[probes_.size() / 2], all / 3, 1);
    for (const std::int64_t count : {3, 9, 27}) {
      // Packs of the size that a sweep has, as far as one call is affordable.
      if (count == 3 || d(count * all / 3) * operations_per_row() <= kAffordable)
        add_prefill(probes_.back(), all / 3, count);
    }
  }

  [[nodiscard]] double operations_per_row() const {
    return model::llm_flops(geometry().llama, std::int64_t{1}).linear;
  }

  void add_prefill(const Probe& probe, std::int64_t visual, std::int64_t count) {
    const PreparedSample& sample = probe.image.samples.front();
    const Pack one = make_pack(sample, visual, 1);
    const double rows = d(one.ledgers.front()->wanted().back() + 1);  // where lean prefill ends
    const double length = d(one.ledgers.front()->length()), n = d(count);
    tasks_.push_back({"splice", {n, n * length}, timed([this, &sample, visual, count] {
                        (void)make_pack(sample, visual, count);
                      })});
    std::vector<std::size_t> places;
    for (const std::int64_t depth : reduced_.llama) {
      model::Geometry shallow = geometry();
      shallow.llama.layers = depth;
      auto llama = std::make_shared<model::Llama>(shallow, weights_.glamm);
      const bool last = depth == reduced_.llama.front();
      const bool deepest = depth == reduced_.llama.back();
      places.push_back(tasks_.size());
      tasks_.push_back({last ? "llm.last" : "",
                        {1, n, n * rows, n * rows * rows},
                        [this, llama, &sample, visual, count] {
                          Pack pack = make_pack(sample, visual, count);
                          return timed([&] {
                            for (const at::Tensor& states : llama->prefill(pack.sequences))
                              (void)glamm_.prompts(states);
                          })();
                        },
                        deepest ? "llm.bytes" : "",
                        {1, n * length, rows * rows}});
    }
    if (places.size() > 1) layers_.push_back({"llm.inner", places.front(), places.back()});
  }

  void add_upstream_prefill(const Probe& probe, std::int64_t visual) {
    const PreparedSample& sample = probe.image.samples.front();
    const double rows = d(make_pack(sample, visual, 1).ledgers.front()->length());
    std::vector<std::size_t> places;
    for (const std::int64_t depth : reduced_.llama) {
      model::Geometry shallow = geometry();
      shallow.llama.layers = depth;
      auto llama = std::make_shared<model::Llama>(shallow, weights_.glamm);
      auto work = std::make_shared<model::UpstreamWork>(shallow.llama, *weights_.glamm);
      places.push_back(tasks_.size());
      tasks_.push_back({depth == reduced_.llama.front() ? upstream("llm.last") : "",
                        {1, 1, rows, rows * rows},
                        [this, llama, work, &sample, visual] {
                          Pack pack = make_pack(sample, visual, 1);
                          return timed([&] {
                            (void)glamm_.prompts(
                                llama->prefill_upstream(pack.sequences.front(), *work));
                          })();
                        }});
    }
    // The states that enter the layers are counted for the model's own depth (forecast.cpp).
    const double states = static_cast<double>(c10::elementSize(dtype())) *
                          d(reduced_.llama.back()) * rows * d(geometry().llama.hidden);
    kept_states_.push_back({places.back(), {1, rows, rows * rows}, states});
    if (places.size() > 1)
      layers_.push_back({upstream("llm.inner"), places.front(), places.back()});
  }

  void add_upstream_masks() {
    if (!dead_work() || rates_.has(upstream("mask"))) return;
    for (const std::int64_t prompts : {1, 3}) {
      const at::Tensor values =
          at::randn({prompts, geometry().llama.out_dim}).to(embedding_.options());
      tasks_.push_back({upstream("mask"),
                        {1, d(prompts)},
                        timed([this, values] {
                          (void)glamm_.mask_logits(embedding_, values,
                                                   probes_.front().protocol->pe_dtype,
                                                   model::Compute::upstream);
                        }),
                        upstream("mask.bytes"),
                        {1, d(prompts)}});
    }
  }

  void add_masks() {
    add_upstream_masks();
    if (rates_.has("mask") && rates_.has("mask:few")) return;
    const std::int64_t most = subject_.config.prompts_per_decode;
    for (const std::int64_t prompts :
         std::set<std::int64_t>{1, 2, 3, 8, std::max<std::int64_t>(16, most)}) {
      const at::Tensor values =
          at::randn({prompts, geometry().llama.out_dim}).to(embedding_.options());
      const MaskNames names = mask_names(prompts);
      tasks_.push_back({names.seconds,
                        {1, d(prompts)},
                        timed([this, values] {
                          (void)glamm_.mask_logits(embedding_, values,
                                                   probes_.front().protocol->pe_dtype);
                        }),
                        names.bytes,
                        {1, d(prompts)}});
    }
    for (const Probe& probe : probes_) {
      const PreparedSample& sample = probe.image.samples.front();
      const at::Tensor logits = disc(geometry().sam.low_res(), embedding_.options());
      const double turns = d(std::ssize(sample.targets));
      const double pixels = d(std::int64_t{probe.image.image.height} * probe.image.image.width);
      tasks_.push_back({"post", {turns, turns * pixels}, timed([this, &probe, &sample, logits] {
                          kernels::MaskScorer scorer(evaluate::frame_of(
                              probe.image.image, probe.image.pixels.sam, geometry().sam));
                          for (const auto& target : sample.targets)
                            (void)evaluate::score_logits(scorer, logits, *target);
                        })});
    }
  }

  Rates& rates_;
  const Subject& subject_;
  const Reduced& reduced_;
  std::vector<Probe> probes_;
  model::LoadedModel weights_;
  model::Glamm glamm_;
  model::VisionFeatures features_;
  at::Tensor projected_, embedding_;
  std::vector<Task> tasks_;
  struct Depths {
    std::string name;
    std::size_t shallow, deep;
  };
  struct KeptStates {
    std::size_t task;
    std::vector<double> x;
    double bytes;
  };
  std::vector<Depths> layers_;           ///< tasks that differ by inner layers
  std::vector<KeptStates> kept_states_;  ///< in the peaks of tasks
};

}  // namespace

MaskNames mask_names(std::int64_t prompts) {
  if (prompts < model::MaskDecoder::kPartsFrom) return {"mask:few", "mask.bytes:few"};
  return {"mask", "mask.bytes"};
}

std::vector<std::string> missing(const Rates& rates, const Subject& subject) {
  std::set<std::string> wanted = {"decode",   "preprocess", "text", "project",  "splice",
                                  "llm.last", "sam",        "mask", "mask:few", "post"};
  wanted.insert("clip:" + name_of(evaluate::taps_of(subject.methods, subject.geometry).vision));
  for (const evaluate::PlannedMethod& method : subject.methods) {
    if (!method.infeasible.empty()) continue;
    wanted.insert("clip:" + name_of(method.pruner->taps(subject.geometry).vision));
    wanted.insert("select:" + unit::id_of(method.variant));
    if (config::compute_of(subject.config) == model::Compute::upstream)
      wanted.insert(upstream("clip:" + name_of(method.pruner->taps(subject.geometry).vision)));
  }
  if (config::compute_of(subject.config) == model::Compute::upstream)
    wanted.insert({upstream("llm.last"), upstream("mask")});
  std::vector<std::string> names;
  for (const std::string& name : wanted)
    if (!rates.has(name)) names.push_back(name);
  return names;
}

void measure_missing(Rates& rates, const Subject& subject, const Reduced& reduced, double seconds) {
  if (missing(rates, subject).empty()) return;
  const c10::InferenceMode guard;
  Measurement(rates, subject, reduced).run(seconds);
}

}  // namespace litebench::forecast
