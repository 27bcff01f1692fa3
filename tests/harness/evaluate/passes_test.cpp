// The two passes on the reference checkpoint: what is timed is what is scored.

#include <map>
#include <new>
#include <set>
#include <stdexcept>
#include <tuple>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/single.hpp"
#include "kernels/rle/rle.hpp"
#include "model/llama/accounting.hpp"
#include "model/weights/weights.hpp"
#include "shards/store/cold_start.hpp"

namespace litebench::evaluate {
namespace {

const std::string kTiny = R"(
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
dtype = "fp32"
rows_per_pack = 1000
prompts_per_decode = 5
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val"]
)";

const std::string kConfig = kTiny + R"(
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "uniform", "cls_topk", "sim_low", "sim_high", "value_norm", "random"]
tokens = [192, 64]
[passes]
latency = { images = 1, repeats = 2, warmup = 0 }
)";

// Methods that cut inside the model, and those that count tokens otherwise.
const std::string kInside = kTiny + R"(
[[sweep]]
method = "fastv"
tokens = 64
query_rows = ["last", "turn_ends", "seg", "all_text"]
[[sweep]]
method = ["sparsevlm", "sparsevlm+", "dart", "nuwa", "holov"]
tokens = 64
[[sweep]]
method = ["pyramiddrop", "vtw", "prumerge", "prumerge+", "trim"]
)";

struct Fixture {
  config::Config config;
  model::LoadedModel weights;
  model::Glamm glamm;
  std::unique_ptr<measure::Device> device = measure::open_cpu_device();
  std::unique_ptr<Prompts> prompts;
  std::vector<PlannedMethod> methods;
  Plan plan;
  Preparer preparer;

  explicit Fixture(std::vector<std::string> set = {}, std::string_view text = kConfig)
      : config(config::parse_config(text, "test.toml",
                                    {.assignments = std::move(set), .output = {}, .limit = {}})),
        weights(
            model::load_model(config.glamm, config.clip, {.compute = config::compute_of(config)})),
        glamm(weights),
        prompts(tokenized_prompts(config.glamm, config.clip, weights.geometry)),
        methods(make_methods(config, weights.geometry)),
        plan(make_plan(config, "test")),
        preparer(config, plan, glamm.geometry(), *prompts) {}

  PassContext context() { return {config, plan, glamm, methods, *device, prompts->seg_token(), 0}; }
};

struct Agreement {
  std::int64_t compared = 0, differing = 0;
};

/// Both passes on the first image.
Agreement agreement_of(Fixture& f) {
  Agreement found;
  const auto accuracy = make_accuracy_pass(f.context());
  const auto clock = f.device->make_clock();
  for (const BundlePlan& bundle : f.plan.bundles) {
    if (bundle.row.pass != store::Pass::accuracy) continue;
    const PreparedImage prepared = f.preparer.prepare(bundle);
    const store::Bundle rows = accuracy->run(bundle, prepared);
    const c10::InferenceMode guard;
    for (const store::ExpressionRow& row : rows.expressions) {
      const std::size_t s = 0;   // upstream's protocol makes one conversation per image
      const SingleRun single =
          run_single(f.context(), f.methods[static_cast<std::size_t>(row.variant)], prepared.image,
                     prepared.samples[s], f.config.protocols[0], *clock, f.config.latency.compute);
      const kernels::MaskScore& score = single.masks[static_cast<std::size_t>(row.turn)].score;
      // Packed and alone round differently; only a pixel whose logit is next to zero may fall on the other side.
      found.compared += 1;
      found.differing += std::abs(score.predicted_area - row.predicted_area) + std::abs(score.intersection - row.intersection);
    }
    break;
  }
  return found;
}

TEST(Passes, MasksOfTheLatencyPassAreThoseOfTheAccuracyPass) {
  Fixture f;
  const Agreement found = agreement_of(f);
  EXPECT_EQ(found.compared, 30);   // 2 expressions × 15 variants
  EXPECT_LE(found.differing, 3);
}

TEST(Passes, MasksOfBothPassesAgreeForMethodsThatCutInsideTheModel) {
  Fixture f({}, kInside);
  const Agreement found = agreement_of(f);
  EXPECT_EQ(found.compared, 28);   // 2 expressions × 14 variants
  EXPECT_LE(found.differing, 3);
}

const std::string kUpstream =
    R"(passes.latency={ images = 1, repeats = 1, warmup = 0, compute = "upstream" })";

TEST(Passes, TheReferencesDeadWorkChangesNoMask) {
  for (const std::string& text : {kConfig, kInside}) {
    Fixture f({kUpstream}, text);
    ASSERT_EQ(f.config.latency.compute, model::Compute::upstream);
    const Agreement found = agreement_of(f);
    EXPECT_GE(found.compared, 28);
    EXPECT_LE(found.differing, 3);
  }
}

TEST(Passes, TheReferencesDeadWorkChangesNoMaskOfThePocketModel) {
  Fixture f({kUpstream, "model.glamm=model/pocket/shipped/glamm",
             "model.clip=model/pocket/shipped/clip", "data.root=model/pocket/shipped/Refer_Segm"});
  const Agreement found = agreement_of(f);
  EXPECT_GE(found.compared, 15);
  EXPECT_LE(found.differing, 3);
}

/// The rows of the first timed bundle.
store::Bundle timed_rows(Fixture& f) {
  for (const BundlePlan& bundle : f.plan.bundles) {
    if (bundle.row.pass == store::Pass::latency)
      return make_latency_pass(f.context())->run(bundle, f.preparer.prepare(bundle));
  }
  throw std::logic_error("nothing is timed");
}

TEST(Passes, TheReferencesDeadWorkIsInTheRowsOfTimedRuns) {
  Fixture lean, dead({kUpstream});
  const store::Bundle a = timed_rows(lean), b = timed_rows(dead);
  const model::Geometry& geometry = lean.glamm.geometry();
  std::int64_t compared = 0;
  for (const store::UnitRow& more : b.units) {
    for (const store::UnitRow& less : a.units) {
      if (less.variant != more.variant || less.repeat != 0) continue;
      const model::LlmBytes bytes = model::llm_bytes(geometry.llama, more.llm_tokens, 4);
      // All states and the logits are there at once; lean, which has none of them, peaks inside a layer.
      EXPECT_GE(more.peak_bytes_llm, bytes.hidden_states + bytes.logits);
      EXPECT_GT(more.peak_bytes_llm, less.peak_bytes_llm);
      EXPECT_GE(more.peak_bytes_total, more.peak_bytes_llm);
      EXPECT_GT(more.flops_llm, less.flops_llm);
      EXPECT_GT(more.flops_total - less.flops_total,
                model::lm_head_flops(geometry.llama, more.llm_tokens));
      EXPECT_EQ(more.kv_bytes, less.kv_bytes);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 15);
}

TEST(Passes, PackSizesChangeNoTokenKeptInsideTheModel) {
  Fixture small({}, kInside), large({"model.rows_per_pack=100000"}, kInside);
  const store::Bundle a = make_accuracy_pass(small.context())->run(small.plan.bundles[0], small.preparer.prepare(small.plan.bundles[0]));
  const store::Bundle b = make_accuracy_pass(large.context())->run(large.plan.bundles[0], large.preparer.prepare(large.plan.bundles[0]));
  ASSERT_EQ(a.tokens.size(), b.tokens.size());
  ASSERT_GT(a.tokens.size(), 14u);   // a list for every cut, not only for what enters
  for (std::size_t i = 0; i < a.tokens.size(); ++i) {
    EXPECT_EQ(a.tokens[i].layer, b.tokens[i].layer);
    const auto x = a.get(a.tokens[i].indices), y = b.get(b.tokens[i].indices);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

TEST(Passes, ARepeatOfABundleIsBitwiseEqual) {
  Fixture f;
  const BundlePlan& bundle = f.plan.bundles[1];
  const PreparedImage prepared = f.preparer.prepare(bundle);
  const store::Bundle first = make_accuracy_pass(f.context())->run(bundle, prepared);
  const store::Bundle again = make_accuracy_pass(f.context())->run(bundle, f.preparer.prepare(bundle));
  ASSERT_EQ(first.expressions.size(), again.expressions.size());
  for (std::size_t i = 0; i < first.expressions.size(); ++i) {
    EXPECT_EQ(first.expressions[i].mask_hash, again.expressions[i].mask_hash);
  }
}

TEST(Passes, PackSizesChangeNoRetainedPatch) {
  Fixture small, large({"model.rows_per_pack=100000", "model.prompts_per_decode=4000"});
  const store::Bundle a = make_accuracy_pass(small.context())->run(small.plan.bundles[0], small.preparer.prepare(small.plan.bundles[0]));
  const store::Bundle b = make_accuracy_pass(large.context())->run(large.plan.bundles[0], large.preparer.prepare(large.plan.bundles[0]));
  ASSERT_EQ(a.tokens.size(), b.tokens.size());
  for (std::size_t i = 0; i < a.tokens.size(); ++i) {
    const auto x = a.get(a.tokens[i].indices), y = b.get(b.tokens[i].indices);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

TEST(Passes, LatencyRowsHoldEveryStageAndNoMask) {
  Fixture f;
  const auto latency = make_latency_pass(f.context());
  for (const BundlePlan& bundle : f.plan.bundles) {
    if (bundle.row.pass != store::Pass::latency) continue;
    const store::Bundle rows = latency->run(bundle, f.preparer.prepare(bundle));
    EXPECT_EQ(rows.units.size(), 15u * 2);
    EXPECT_TRUE(rows.expressions.empty());
    for (const store::UnitRow& unit : rows.units) {
      std::int64_t sum = 0;
      for (const std::int64_t ns : unit.stage_ns) {
        EXPECT_GE(ns, 0);
        sum += ns;
      }
      EXPECT_LE(sum, unit.total_ns);
      EXPECT_GT(unit.peak_bytes_llm, 0);
      EXPECT_GE(unit.peak_bytes_total, unit.peak_bytes_llm);
      EXPECT_GT(unit.flops_total, unit.flops_llm);
    }
  }
}

TEST(Passes, TheFirstRunOfAVariantInAProcessIsARowOfItsOwn) {
  Fixture f({"passes.latency.warmup=2", "passes.latency.images=2"});
  const auto latency = make_latency_pass(f.context());
  std::set<std::tuple<std::int16_t, std::int16_t>> seen;   // variant, length of prompt
  std::int16_t order = 0;
  for (const BundlePlan& bundle : f.plan.bundles) {
    if (bundle.row.pass != store::Pass::latency) continue;
    const store::Bundle rows = latency->run(bundle, f.preparer.prepare(bundle));
    std::size_t timed = 0;
    for (const store::UnitRow& unit : rows.units) {
      if (!store::is_cold_start(unit.repeat)) {
        ++timed;
        continue;
      }
      EXPECT_TRUE(seen.emplace(unit.variant, rows.samples[0].tokens).second) << "no second first run";
      EXPECT_EQ(std::int16_t{unit.order}, order++);
      EXPECT_EQ(unit.status, store::Status::ok);
      EXPECT_GT(unit.total_ns, 0);
      EXPECT_GT(unit.flops_llm, 0);
      EXPECT_GT(unit.stage_ns[static_cast<std::size_t>(store::Stage::prefill)], 0);
    }
    EXPECT_EQ(timed, 15u * 2);
  }
  EXPECT_GE(order, 15);
}

TEST(Passes, APictureThatCannotBeDecodedFailsEveryUnitOfItsBundle) {
  Fixture f;
  PreparedImage prepared = f.preparer.prepare(f.plan.bundles[0]);
  prepared.decode_error = "half a picture";
  const store::Bundle rows = make_accuracy_pass(f.context())->run(f.plan.bundles[0], prepared);
  EXPECT_EQ(rows.units.size(), 15u);
  for (const store::UnitRow& unit : rows.units) EXPECT_EQ(unit.status, store::Status::failed_decode);
  for (const store::ExpressionRow& row : rows.expressions) EXPECT_EQ(row.status, store::Status::failed_decode);
}

struct Group {
  std::vector<BundlePlan> bundles;
  std::vector<PreparedImage> prepared;
};

/// All accuracy bundles of the plan.
Group whole_split(const Fixture& f) {
  Group group;
  for (const BundlePlan& bundle : f.plan.bundles) {
    if (bundle.row.pass != store::Pass::accuracy) continue;
    group.bundles.push_back(bundle);
    group.prepared.push_back(f.preparer.prepare(bundle));
  }
  return group;
}

/// Equal tokens; expression rows in equal order, whose areas differ by next to nothing.
void expect_same_answers(const store::Bundle& a, const store::Bundle& b) {
  ASSERT_EQ(a.tokens.size(), b.tokens.size());
  for (std::size_t i = 0; i < a.tokens.size(); ++i) {
    const auto x = a.get(a.tokens[i].indices), y = b.get(b.tokens[i].indices);
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
  ASSERT_EQ(a.expressions.size(), b.expressions.size());
  std::int64_t differing = 0;
  for (std::size_t i = 0; i < a.expressions.size(); ++i) {
    const store::ExpressionRow &x = a.expressions[i], &y = b.expressions[i];
    EXPECT_EQ(std::uint64_t{x.sample_id}, std::uint64_t{y.sample_id});
    EXPECT_EQ(x.variant, y.variant);
    EXPECT_EQ(x.status, y.status);
    differing += std::abs(x.predicted_area - y.predicted_area) + std::abs(x.intersection - y.intersection);
  }
  EXPECT_LE(differing, 3);
}

TEST(Passes, ImagesComputedTogetherAnswerAsEachAlone) {
  for (const std::string& text : {kConfig, kInside}) {
    Fixture f({}, text);
    const Group group = whole_split(f);
    const auto pass = make_accuracy_pass(f.context());
    const std::vector<store::Bundle> together = pass->run_group(group.bundles, group.prepared);
    ASSERT_EQ(together.size(), 5u);
    for (std::size_t i = 0; i < together.size(); ++i) {
      EXPECT_EQ(std::uint64_t{together[i].commit.bundle_id}, std::uint64_t{group.bundles[i].row.bundle_id});
      expect_same_answers(together[i], pass->run(group.bundles[i], group.prepared[i]));
    }
  }
}

TEST(Passes, RecordsOfImagesComputedTogetherShareTheTimeWithoutGapsAndOverlaps) {
  Fixture f;
  const Group group = whole_split(f);
  const std::vector<store::Bundle> rows = make_accuracy_pass(f.context())->run_group(group.bundles, group.prepared);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const store::CommitRow& commit = rows[i].commit;
    std::int64_t stages = 0;
    for (std::size_t s = static_cast<std::size_t>(store::Stage::clip); s < store::kStages; ++s) {
      EXPECT_GT(std::int64_t{commit.shared_ns[s]}, 0);
      stages += commit.shared_ns[s];
    }
    EXPECT_LE(stages, commit.duration_ns + 1000);
    if (i > 0) {
      EXPECT_EQ(std::int64_t{commit.begin_ns}, rows[i - 1].commit.begin_ns + rows[i - 1].commit.duration_ns);
    }
  }
}

TEST(Passes, APictureThatCannotBeDecodedCostsItsNeighboursNothing) {
  Fixture f;
  Group group = whole_split(f);
  group.prepared[1].decode_error = "half a picture";
  const auto pass = make_accuracy_pass(f.context());
  const std::vector<store::Bundle> rows = pass->run_group(group.bundles, group.prepared);
  for (const store::UnitRow& unit : rows[1].units) EXPECT_EQ(unit.status, store::Status::failed_decode);
  EXPECT_EQ(rows[1].units.size(), 15u);
  for (const std::size_t i : {0u, 2u, 3u, 4u}) expect_same_answers(rows[i], pass->run(group.bundles[i], group.prepared[i]));
}

/// Runs out of memory while it evaluates, as CUDA's allocator and as the standard library say it.
template <typename Thrown>
class Exhausted final : public GuardedPass {
 public:
  Exhausted(const PassContext& context, Thrown thrown)
      : GuardedPass(context, store::Pass::accuracy), thrown_(std::move(thrown)) {}

 private:
  void evaluate(std::span<const ImageWork> images) override {
    images.front().rows.add_failed_expression({0, runs()[0]}, 0, store::Status::ok);   // half of the work is there
    throw thrown_;
  }
  Thrown thrown_;
};

template <typename Thrown>
void expect_rows_of_exhausted_memory(Thrown thrown) {
  Fixture f;
  const PreparedImage prepared = f.preparer.prepare(f.plan.bundles[0]);
  Exhausted pass(f.context(), std::move(thrown));
  const store::Bundle rows = pass.run(f.plan.bundles[0], prepared);
  EXPECT_EQ(rows.units.size(), 15u);
  EXPECT_EQ(rows.expressions.size(), static_cast<std::size_t>(f.plan.bundles[0].row.expressions));
  for (const store::UnitRow& unit : rows.units) EXPECT_EQ(unit.status, store::Status::oom);
  for (const store::ExpressionRow& row : rows.expressions) EXPECT_EQ(row.status, store::Status::oom);
}

TEST(Passes, MemoryThatDoesNotSufficeFailsEveryUnitOfItsBundle) {
  expect_rows_of_exhausted_memory(std::bad_alloc());
  expect_rows_of_exhausted_memory(c10::OutOfMemoryError("no room"));
}

TEST(Passes, MemoryThatDoesNotSufficeFailsAllThatWasComputedTogether) {
  Fixture f;
  Group group = whole_split(f);
  group.prepared[3].decode_error = "half a picture";
  Exhausted pass(f.context(), std::bad_alloc());
  const std::vector<store::Bundle> rows = pass.run_group(group.bundles, group.prepared);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].units.size(), 15u);
    EXPECT_EQ(rows[i].expressions.size(), static_cast<std::size_t>(group.bundles[i].row.expressions));
    const store::Status expected = i == 3 ? store::Status::failed_decode : store::Status::oom;
    for (const store::UnitRow& unit : rows[i].units) EXPECT_EQ(unit.status, expected);
  }
}

TEST(Passes, OtherFailuresAreNotTakenForRows) {
  Fixture f;
  const PreparedImage prepared = f.preparer.prepare(f.plan.bundles[0]);
  Exhausted pass(f.context(), std::runtime_error("a bug"));
  EXPECT_THROW(static_cast<void>(pass.run(f.plan.bundles[0], prepared)), std::runtime_error);
}

}  // namespace
}  // namespace litebench::evaluate
