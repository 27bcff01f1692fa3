// The accuracy pass: what may be shared is shared, and what is computed together depends on the
// configuration and the images of a group alone, so that results are equal for any number of ranks
// and any interruption. The language model sees the sequences of all images of a group, towers and
// mask decoder one image at a time: on a CPU a batch of four through encoder layers of CLIP's sizes
// took between 0.93 and 1.09 of the time that the four take one by one (docs/measured).

#include <algorithm>
#include <numeric>

#include <ATen/ops/cat.h>

#include "harness/evaluate/accounting.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/scoring.hpp"
#include "harness/evaluate/sequences.hpp"
#include "harness/evaluate/shares.hpp"
#include "harness/measure/clock.hpp"
#include "model/prune/answer/answer.hpp"

namespace litebench::evaluate {
namespace {

using store::Stage;

/// One unit on its way through the stages.
struct Unit {
  RowKey key;
  OwnedSequence sequence;
  std::int64_t first_prompt = 0;  ///< index of its first mask prompt among those of the image
  store::Status status = store::Status::ok;
};

std::string_view error_of(store::Status status) {
  return status == store::Status::failed_sample ? "mask logits are not finite" : "";
}

/// The units of one image that come as far as the language model.
struct ImageUnits {
  std::vector<Unit> units;
  at::Tensor prompts;  ///< mask prompts in unit order, [Σ turns, out]; undefined without units

  /// Rows of the language model; they shrink with cuts.
  [[nodiscard]] std::int64_t rows() const {
    return std::accumulate(
        units.begin(), units.end(), std::int64_t{0},
        [](std::int64_t sum, const Unit& unit) { return sum + unit.sequence.ledger->length(); });
  }
};

/// Adds the time since its construction to a stage, after the device has finished.
class StageSpan {
 public:
  StageSpan(BundleRows& rows, Stage stage, measure::Device& device)
      : rows_(rows), stage_(stage), device_(device) {}
  ~StageSpan() {
    device_.synchronize();
    std::int64_t& total = rows_.shared_ns()[static_cast<std::size_t>(stage_)];
    total = std::max<std::int64_t>(total, 0) + watch_.elapsed_ns();
  }
  StageSpan(const StageSpan&) = delete;
  StageSpan& operator=(const StageSpan&) = delete;

 private:
  BundleRows& rows_;
  Stage stage_;
  measure::Device& device_;
  measure::Stopwatch watch_;
};

class AccuracyPass final : public GuardedPass {
 public:
  explicit AccuracyPass(const PassContext& context)
      : GuardedPass(context, store::Pass::accuracy),
        taps_(taps_of(context.methods, context.glamm.geometry())) {}

 private:
  void evaluate(std::span<const ImageWork> images) override {
    const protocol::Protocol& protocol = protocol_of(images.front().bundle);
    std::vector<ImageUnits> group;
    for (const auto& [bundle, prepared, rows] : images) {
      rows.shared_ns()[static_cast<std::size_t>(Stage::decode)] = prepared.pixels.decode_ns;
      rows.shared_ns()[static_cast<std::size_t>(Stage::preprocess)] = prepared.pixels.preprocess_ns;
      group.push_back({make_units(prepared, protocol, rows), {}});
    }
    prefill(group, images);
    for (std::size_t i = 0; i < images.size(); ++i) {
      const auto& [bundle, prepared, rows] = images[i];
      const at::Tensor embedding = sam_features(prepared, rows);
      const at::Tensor logits = mask_logits(embedding, group[i].prompts, protocol, rows);
      score(prepared, group[i].units, logits, rows);
      account_units(prepared, protocol, group[i].units, rows);
    }
  }

  std::vector<Unit> make_units(const PreparedImage& prepared, const protocol::Protocol& protocol,
                               BundleRows& rows) {
    const model::Glamm& glamm = context().glamm;
    const at::Tensor pixels = glamm.upload(prepared.pixels.clip, glamm.geometry().vision.image);
    model::VisionFeatures features;
    {
      const StageSpan timer(rows, Stage::clip, context().device);
      features = glamm.clip_features(pixels, taps_.vision);
    }
    at::Tensor projected;
    {
      const StageSpan timer(rows, Stage::project, context().device);
      projected = glamm.project_patches(features);
    }
    std::vector<Unit> units;
    for (std::size_t s = 0; s < prepared.samples.size(); ++s) {
      if (const std::string& error = prepared.samples[s].error; !error.empty()) {
        rows.fail_sample(s, runs(), store::Status::failed_sample, error);
        continue;
      }
      add_sample_units(prepared.samples[s], s, protocol, features, projected, units, rows);
    }
    return units;
  }

  void add_sample_units(const PreparedSample& sample, std::size_t index,
                        const protocol::Protocol& protocol, const model::VisionFeatures& features,
                        const at::Tensor& projected, std::vector<Unit>& units, BundleRows& rows) {
    const StageSpan timer(rows, Stage::select, context().device);
    const SampleTexts texts = texts_of(sample, protocol);
    for (const VariantRun& run : runs()) {
      const PlannedMethod& method = context().methods[static_cast<std::size_t>(run.variant)];
      const RowKey key{index, run};
      if (!method.infeasible.empty()) {
        add_unanswered(key, sample, store::Status::infeasible, method.infeasible, rows);
        continue;
      }
      try {
        Selection selection = select_tokens(method, context().glamm.geometry(), features, projected, texts,
                                            sample, protocol, run.seed);
        const at::Tensor visual = visual_tokens(selection.plan, features, projected);
        units.push_back({key, make_sequence(method, context().glamm, std::move(selection), visual,
                                            sample, context().seg_token)});
      } catch (const prune::MethodFailure& failure) {
        add_unanswered(key, sample, store::Status::failed_method, failure.what(), rows);
      }
    }
  }

  SampleTexts texts_of(const PreparedSample& sample, const protocol::Protocol& protocol) const {
    bool questions = false, expressions = false;
    for (const PlannedMethod& method : context().methods) {
      const TextKind kind = text_kind(method, context().glamm.geometry(), protocol);
      questions |= kind == TextKind::question;
      expressions |= kind == TextKind::expression;
    }
    return embed_texts(context().glamm, sample, questions, expressions);
  }

  /// Selecting commutes with the token-wise projector, so selected patches come out of the shared
  /// projection; merged ones do not, and are projected by themselves.
  at::Tensor visual_tokens(const prune::TokenPlan& plan, const model::VisionFeatures& features,
                           const at::Tensor& projected) const {
    const auto origins = plan.origins();
    const bool patches_only = plan.is_gather() && std::all_of(origins.begin(), origins.end(),
                                                              [](auto o) { return o > 0; });
    if (!patches_only) return context().glamm.project(features, plan);
    std::vector<std::int64_t> patches;
    for (const std::int64_t origin : origins) patches.push_back(origin - 1);
    return prune::TokenPlan::gather(std::move(patches), projected.size(0)).apply(projected);
  }

  void add_unanswered(const RowKey& key, const PreparedSample& sample, store::Status status,
                      std::string_view why, BundleRows& rows) {
    rows.add_unit(key, status, why);
    for (std::size_t t = 0; t < sample.sample.turns.size(); ++t) {
      rows.add_failed_expression(key, t, status);
    }
  }

  /// Sets the mask prompts of every image. Its time is told apart by rows.
  void prefill(std::vector<ImageUnits>& group, std::span<const ImageWork> images) {
    const measure::Stopwatch watch;
    std::vector<std::int64_t> rows;
    for (const ImageUnits& image : group) rows.push_back(image.rows());
    std::vector<at::Tensor> states = wanted_states(group);
    auto state = states.begin();
    for (ImageUnits& image : group) {
      std::vector<at::Tensor> own;
      std::int64_t prompts = 0;
      for (Unit& unit : image.units) {
        unit.first_prompt = prompts;
        prompts += state->size(0);
        own.push_back(std::move(*state++));
      }
      if (!own.empty()) image.prompts = context().glamm.prompts(at::cat(own));
    }
    context().device.synchronize();
    const std::vector<std::int64_t> times = shares(watch.elapsed_ns(), rows);
    for (std::size_t i = 0; i < images.size(); ++i)
      images[i].rows.shared_ns()[static_cast<std::size_t>(Stage::prefill)] = times[i];
  }

  /// [SEG] states [turns, d] of every unit, image after image.
  std::vector<at::Tensor> wanted_states(const std::vector<ImageUnits>& group) {
    std::vector<model::Sequence> sequences;
    std::vector<std::int64_t> lengths;
    for (const ImageUnits& image : group) {
      for (const Unit& unit : image.units) {
        sequences.push_back(unit.sequence.sequence);
        lengths.push_back(unit.sequence.ledger->length());
      }
    }
    std::vector<at::Tensor> states;
    while (states.size() < sequences.size()) {
      const std::size_t begin = states.size();
      const std::size_t end = end_of_pack(lengths, begin, context().config.rows_per_pack);
      const auto pack = std::span(sequences).subspan(begin, end - begin);
      for (at::Tensor& rows : context().glamm.llama().prefill(pack))
        states.push_back(std::move(rows));
    }
    return states;
  }

  at::Tensor sam_features(const PreparedImage& prepared, BundleRows& rows) {
    const StageSpan timer(rows, Stage::sam, context().device);
    const model::Glamm& glamm = context().glamm;
    return glamm.sam_features(glamm.upload(prepared.pixels.sam.values, glamm.geometry().sam.image));
  }

  at::Tensor mask_logits(const at::Tensor& embedding, const at::Tensor& prompts,
                         const protocol::Protocol& protocol, BundleRows& rows) {
    const StageSpan timer(rows, Stage::mask, context().device);
    std::vector<at::Tensor> logits;
    const std::int64_t count = prompts.defined() ? prompts.size(0) : 0;
    for (std::int64_t at = 0; at < count; at += context().config.prompts_per_decode) {
      const std::int64_t end =
          std::min<std::int64_t>(count, at + context().config.prompts_per_decode);
      logits.push_back(
          context().glamm.mask_logits(embedding, prompts.slice(0, at, end), protocol.pe_dtype));
    }
    return logits.empty() ? at::Tensor() : at::cat(logits);
  }

  void score(const PreparedImage& prepared, std::vector<Unit>& units, const at::Tensor& logits,
             BundleRows& rows) {
    const StageSpan timer(rows, Stage::post, context().device);
    kernels::MaskScorer scorer(
        frame_of(prepared.image, prepared.pixels.sam, context().glamm.geometry().sam));
    for (Unit& unit : units) {
      const PreparedSample& sample = prepared.samples[unit.key.sample];
      for (std::size_t t = 0; t < sample.targets.size(); ++t) {
        const ScoredMask scored = score_logits(
            scorer, logits[unit.first_prompt + static_cast<std::int64_t>(t)], *sample.targets[t]);
        if (scored.finite) {
          rows.add_expression(unit.key, t, scored.score, scored.mask);
        } else {
          unit.status = store::Status::failed_sample;
          rows.add_failed_expression(unit.key, t, unit.status);
        }
      }
    }
  }

  void account_units(const PreparedImage& prepared, const protocol::Protocol& protocol,
                     const std::vector<Unit>& units, BundleRows& rows) {
    const auto element = static_cast<std::int64_t>(c10::elementSize(context().glamm.dtype()));
    for (const Unit& unit : units) {
      const PreparedSample& sample = prepared.samples[unit.key.sample];
      const PlannedMethod& method =
          context().methods[static_cast<std::size_t>(unit.key.run.variant)];
      rows.add_tokens(unit.key, *unit.sequence.ledger);
      account(rows.add_unit(unit.key, unit.status, error_of(unit.status)), *unit.sequence.ledger,
              context().glamm.geometry(), method,
              {std::ssize(sample.targets),
               clip_text_length(sample, text_kind(method, context().glamm.geometry(), protocol)),
               element});
    }
  }

  prune::TapRequest taps_;
};

}  // namespace

std::unique_ptr<EvaluationPass> make_accuracy_pass(const PassContext& context) {
  return std::make_unique<AccuracyPass>(context);
}

}  // namespace litebench::evaluate
