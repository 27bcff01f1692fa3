#include "harness/evaluate/single.hpp"

#include <algorithm>
#include <cassert>

#include "harness/evaluate/sequences.hpp"
#include "harness/evaluate/stage_timer.hpp"

namespace litebench::evaluate {
namespace {

using model::Compute;
using store::Stage;

/// Highest allocation since construction above the level at construction.
class PeakMeter {
 public:
  explicit PeakMeter(measure::Device& device)
      : device_(device), before_(device.memory().current_bytes) {
    device_.reset_peak();
  }
  [[nodiscard]] std::int64_t peak() const { return device_.memory().peak_bytes - before_; }
  [[nodiscard]] std::int64_t before() const { return before_; }

 private:
  measure::Device& device_;
  std::int64_t before_;
};

/// Upstream drops what its allocator kept before each tower and after the language model (upstream.md §10 row 19).
void drop_cache(const PassContext& context, Compute compute) {
  if (compute == Compute::upstream) context.device.empty_cache();
}

SampleTexts texts_for(const PassContext& context, const PlannedMethod& method,
                      const PreparedSample& sample, const protocol::Protocol& protocol,
                      Compute compute) {
  const TextKind kind = text_kind(method, context.glamm.geometry(), protocol);
  return embed_texts(context.glamm, sample, kind == TextKind::question,
                     kind == TextKind::expression, compute);
}

Selection select_for(const PassContext& context, const PlannedMethod& method,
                     const model::VisionFeatures& features, const PreparedSample& sample,
                     const protocol::Protocol& protocol, bool needs_projected, Compute compute) {
  const SampleTexts texts = texts_for(context, method, sample, protocol, compute);
  if (compute == Compute::upstream) context.device.synchronize();
  const at::Tensor projected =
      needs_projected ? context.glamm.project_patches(features) : at::Tensor();
  return select_tokens(method, context.glamm.geometry(), features, projected, texts, sample,
                       protocol, 0);
}

/// `work(inputs)`, or a graph's replay of it.
template <typename Work>
auto staged(StageGraphs* graphs, Stage stage, const std::string& variant, const Tensors& inputs,
            Work work) {
  return graphs == nullptr ? work(inputs) : graphs->run(stage, variant, inputs, std::move(work));
}

/// [Q, out]
at::Tensor prefill(const model::Glamm& glamm, const PlannedMethod& method,
                   model::Sequence& sequence, Compute compute, StageGraphs* graphs) {
  if (graphs == nullptr || !has_fixed_prefill(method, glamm.geometry()))
    return glamm.prompts(sequence, compute);
  const model::FixedPrefill fixed = glamm.llama().fix(sequence);
  return graphs->run(Stage::prefill, unit::id_of(method.variant),
                     {fixed.embeds, fixed.cos, fixed.sin, fixed.wanted},
                     [&glamm](const Tensors& in) {
                       return glamm.prompts(model::FixedPrefill{in[0], in[1], in[2], in[3]});
                     });
}

/// [Q, out] mask prompts; fills ledger and the LLM's peak.
at::Tensor language_stages(const PassContext& context, const PlannedMethod& method,
                           const PreparedSample& sample, const protocol::Protocol& protocol,
                           const model::VisionFeatures& features, StageTimer& timer,
                           Compute compute, StageGraphs* graphs, SingleRun& run) {
  const model::Glamm& glamm = context.glamm;
  const bool needs_projected = method.pruner->taps(glamm.geometry()).projected;
  Selection selection = timer.timed(Stage::select, [&] {
    return select_for(context, method, features, sample, protocol, needs_projected, compute);
  });
  const at::Tensor visual =
      timer.timed(Stage::project, [&] { return glamm.project(features, selection.plan); });
  const PeakMeter meter(context.device);
  OwnedSequence owned;
  const at::Tensor prompts = timer.timed(Stage::prefill, [&] {
    owned = make_sequence(method, glamm, std::move(selection), visual, sample, context.seg_token);
    at::Tensor made = prefill(glamm, method, owned.sequence, compute, graphs);
    drop_cache(context, compute);
    return made;
  });
  run.peak_bytes_llm = meter.peak();
  run.ledger = std::move(owned.ledger);
  return prompts;
}

}  // namespace

bool has_fixed_prefill(const PlannedMethod& method, const model::Geometry& geometry) {
  return method.pruner->cut_layers(geometry).empty();
}

SingleRun run_single(const PassContext& context, const PlannedMethod& method,
                     const refer::Image& image, const PreparedSample& sample,
                     const protocol::Protocol& protocol, measure::Clock& clock, Compute compute,
                     StageGraphs* graphs) {
  assert(graphs == nullptr || compute == Compute::lean);
  const model::Glamm& glamm = context.glamm;
  const model::Geometry& geometry = glamm.geometry();
  SingleRun run;
  const PeakMeter before_llm(context.device);
  StageTimer timer(clock);
  const Pixels pixels = load_pixels(context.config.root, image, protocol.exif, geometry);
  run.stage_ns[static_cast<std::size_t>(Stage::decode)] = pixels.decode_ns;
  run.stage_ns[static_cast<std::size_t>(Stage::preprocess)] = pixels.preprocess_ns;
  timer.skip();  // the host's own work, timed where it is done
  const model::VisionFeatures features = timer.timed(Stage::clip, [&] {
    drop_cache(context, compute);
    return staged(graphs, Stage::clip, unit::id_of(method.variant),
                  {glamm.upload(pixels.clip, geometry.vision.image)},
                  [&glamm, taps = method.pruner->taps(geometry).vision, compute](
                      const Tensors& in) { return glamm.clip_features(in[0], taps, compute); });
  });
  const std::int64_t peak_clip = before_llm.peak();
  const at::Tensor prompts =
      language_stages(context, method, sample, protocol, features, timer, compute, graphs, run);
  const std::int64_t peak_llm = context.device.memory().peak_bytes - before_llm.before();
  const PeakMeter after_llm(context.device);
  const at::Tensor embedding = timer.timed(Stage::sam, [&] {
    drop_cache(context, compute);
    return staged(graphs, Stage::sam, "", {glamm.upload(pixels.sam.values, geometry.sam.image)},
                  [&glamm](const Tensors& in) { return glamm.sam_features(in[0]); });
  });
  const at::Tensor logits = timer.timed(Stage::mask, [&] {
    // Protocols may differ in the type, and a graph has one.
    const bool fp32 = protocol.pe_dtype == protocol::Precision::fp32;
    return staged(graphs, Stage::mask, fp32 ? "fp32 positions" : "", {embedding, prompts},
                  [&glamm, type = protocol.pe_dtype, compute](const Tensors& in) {
                    return glamm.mask_logits(in[0], in[1], type, compute);
                  });
  });
  run.masks = timer.timed(Stage::post, [&] {
    kernels::MaskScorer scorer(frame_of(image, pixels.sam, geometry.sam));
    std::vector<ScoredMask> masks;
    for (std::size_t t = 0; t < sample.targets.size(); ++t) {
      masks.push_back(
          score_logits(scorer, logits[static_cast<std::int64_t>(t)], *sample.targets[t]));
    }
    return masks;
  });
  run.total_ns = timer.read(run.stage_ns);
  const std::int64_t peak_sam = context.device.memory().peak_bytes - before_llm.before();
  run.peak_bytes_total = std::max({peak_clip, peak_llm, peak_sam});
  return run;
}

}  // namespace litebench::evaluate
