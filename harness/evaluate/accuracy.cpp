// The accuracy pass: what may be shared is shared, and what is computed together depends on the
// configuration and the image alone, so that results are equal for any number of ranks and any
// interruption.

#include <algorithm>

#include <ATen/ops/cat.h>

#include "harness/evaluate/accounting.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/scoring.hpp"
#include "harness/evaluate/sequences.hpp"
#include "harness/measure/clock.hpp"
#include "model/prune/answer/answer.hpp"

namespace litebench::evaluate {
namespace {

using store::Stage;

/// One unit on its way through the stages.
struct Unit {
  RowKey key;
  OwnedSequence sequence;
  std::int64_t first_prompt = 0;  ///< index of its first mask prompt in the bundle
  store::Status status = store::Status::ok;
};

std::string_view error_of(store::Status status) {
  return status == store::Status::failed_sample ? "mask logits are not finite" : "";
}

/// Adds the time since its construction to a stage, after the device has finished.
class StageTimer {
 public:
  StageTimer(BundleRows& rows, Stage stage, measure::Device& device)
      : rows_(rows), stage_(stage), device_(device) {}
  ~StageTimer() {
    device_.synchronize();
    std::int64_t& total = rows_.shared_ns()[static_cast<std::size_t>(stage_)];
    total = std::max<std::int64_t>(total, 0) + watch_.elapsed_ns();
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

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
  void evaluate(const BundlePlan& bundle, const PreparedImage& prepared,
                BundleRows& rows) override {
    rows.shared_ns()[static_cast<std::size_t>(Stage::decode)] = prepared.pixels.decode_ns;
    rows.shared_ns()[static_cast<std::size_t>(Stage::preprocess)] = prepared.pixels.preprocess_ns;
    const protocol::Protocol& protocol = protocol_of(bundle);
    std::vector<Unit> units = make_units(prepared, protocol, rows);
    const at::Tensor prompts = prefill(units, rows);
    const at::Tensor embedding = sam_features(prepared, rows);
    const at::Tensor logits = mask_logits(embedding, prompts, protocol, rows);
    score(prepared, units, logits, rows);
    account_units(prepared, protocol, units, rows);
  }

  std::vector<Unit> make_units(const PreparedImage& prepared, const protocol::Protocol& protocol,
                               BundleRows& rows) {
    const model::Glamm& glamm = context().glamm;
    const at::Tensor pixels = glamm.upload(prepared.pixels.clip, glamm.geometry().vision.image);
    model::VisionFeatures features;
    {
      const StageTimer timer(rows, Stage::clip, context().device);
      features = glamm.clip_features(pixels, taps_.vision);
    }
    at::Tensor projected;
    {
      const StageTimer timer(rows, Stage::project, context().device);
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
    const StageTimer timer(rows, Stage::select, context().device);
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

  /// Mask prompts of all units, [Σ turns, out], in unit order.
  at::Tensor prefill(std::vector<Unit>& units, BundleRows& rows) {
    const StageTimer timer(rows, Stage::prefill, context().device);
    std::vector<at::Tensor> states;
    std::vector<std::int64_t> lengths;
    for (const Unit& unit : units) lengths.push_back(unit.sequence.ledger->length());
    std::int64_t prompts = 0;
    std::size_t begin = 0;
    while (begin < units.size()) {
      std::vector<model::Sequence> pack;
      const std::size_t end = end_of_pack(lengths, begin, context().config.rows_per_pack);
      for (std::size_t i = begin; i < end; ++i) pack.push_back(units[i].sequence.sequence);
      for (at::Tensor& rows_of_sequence : context().glamm.llama().prefill(pack)) {
        units[begin].first_prompt = prompts;
        prompts += rows_of_sequence.size(0);
        states.push_back(std::move(rows_of_sequence));
        ++begin;
      }
    }
    return states.empty() ? at::Tensor() : context().glamm.prompts(at::cat(states));
  }

  at::Tensor sam_features(const PreparedImage& prepared, BundleRows& rows) {
    const StageTimer timer(rows, Stage::sam, context().device);
    const model::Glamm& glamm = context().glamm;
    return glamm.sam_features(glamm.upload(prepared.pixels.sam.values, glamm.geometry().sam.image));
  }

  at::Tensor mask_logits(const at::Tensor& embedding, const at::Tensor& prompts,
                         const protocol::Protocol& protocol, BundleRows& rows) {
    const StageTimer timer(rows, Stage::mask, context().device);
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
    const StageTimer timer(rows, Stage::post, context().device);
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
              context().glamm.geometry(), static_cast<std::int64_t>(sample.targets.size()),
              clip_text_length(sample, text_kind(method, context().glamm.geometry(), protocol)),
              element);
    }
  }

  prune::TapRequest taps_;
};

}  // namespace

std::unique_ptr<EvaluationPass> make_accuracy_pass(const PassContext& context) {
  return std::make_unique<AccuracyPass>(context);
}

}  // namespace litebench::evaluate
