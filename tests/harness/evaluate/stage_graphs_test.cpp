// When graphs are recorded, what they are fed and what becomes of a run whose graphs fail. No GPU: a recorder made up
// here keeps the work and does it again.

#include "harness/evaluate/stage_graphs.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/single.hpp"
#include "model/prune/answer/answer.hpp"
#include "model/weights/weights.hpp"
#include "tests/harness/evaluate/cpu_like.hpp"

namespace litebench::evaluate {
namespace {

using store::Stage;

struct Counts {
  int recorded = 0, replayed = 0;
};

/// What a made-up graph does when it is replayed.
enum class Replay : std::uint8_t { works, does_nothing };

class KeptWork final : public measure::Graph {
 public:
  KeptWork(std::function<void()> work, Counts& counts, Replay replay)
      : work_(std::move(work)), counts_(counts), replay_(replay) {}
  void replay() override {
    ++counts_.replayed;
    if (replay_ == Replay::works) work_();
  }

 private:
  std::function<void()> work_;
  Counts& counts_;
  Replay replay_;
};

class KeepingRecorder final : public measure::GraphRecorder {
 public:
  explicit KeepingRecorder(Counts& counts, Replay replay = Replay::works)
      : counts_(counts), replay_(replay) {}
  std::unique_ptr<measure::Graph> record(const std::function<void()>& work) override {
    ++counts_.recorded;
    work();
    return std::make_unique<KeptWork>(work, counts_, replay_);
  }

 private:
  Counts& counts_;
  Replay replay_;
};

template <typename Thrown>
class FailingRecorder final : public measure::GraphRecorder {
 public:
  std::unique_ptr<measure::Graph> record(const std::function<void()>& /*work*/) override {
    throw Thrown("operation not permitted when stream is capturing");
  }
};

at::Tensor filled(std::int64_t size, double value) { return at::full({size}, value); }

/// 1 + what lies in the first input.
at::Tensor more(StageGraphs& graphs, const std::string& variant, const at::Tensor& input) {
  return graphs.run(Stage::prefill, variant, {input},
                    [](const Tensors& in) { return at::add(in[0], 1); });
}

TEST(StageGraphs, ReplayWhatWasRecordedOnTheInputsAtHand) {
  Counts counts;
  KeepingRecorder recorder(counts);
  StageGraphs graphs(recorder);
  EXPECT_TRUE(more(graphs, "a", filled(3, 1)).equal(filled(3, 2)));
  graphs.set(StageGraphs::Mode::replay);
  EXPECT_TRUE(more(graphs, "a", filled(3, 5)).equal(filled(3, 6)));
  EXPECT_TRUE(more(graphs, "a", filled(3, 7)).equal(filled(3, 8)));
  EXPECT_EQ(counts.recorded, 1);
  EXPECT_EQ(counts.replayed, 3);
}

TEST(StageGraphs, RecordAgainWhereShapesAreNew) {
  Counts counts;
  KeepingRecorder recorder(counts);
  StageGraphs graphs(recorder);
  more(graphs, "a", filled(3, 1));
  EXPECT_TRUE(more(graphs, "a", filled(4, 1)).equal(filled(4, 2)));
  EXPECT_EQ(counts.recorded, 2);
  more(graphs, "b", filled(4, 1));  // has a graph of its own
  EXPECT_EQ(counts.recorded, 3);
  more(graphs, "a", filled(4, 2));
  EXPECT_EQ(counts.recorded, 3);
  more(graphs, "a", filled(3, 1));  // only the last shapes are kept
  EXPECT_EQ(counts.recorded, 4);
  EXPECT_EQ(graphs.recordings(), 4);
}

TEST(StageGraphs, RecordNothingInTimedRuns) {
  Counts counts;
  KeepingRecorder recorder(counts);
  StageGraphs graphs(recorder);
  more(graphs, "a", filled(3, 1));
  graphs.set(StageGraphs::Mode::replay);
  EXPECT_THROW(more(graphs, "a", filled(4, 1)), prune::MethodFailure);
  EXPECT_THROW(more(graphs, "b", filled(3, 1)), prune::MethodFailure);
  EXPECT_EQ(counts.recorded, 1);
}

TEST(StageGraphs, SayWhichStageOfWhichVariantCannotBeRecorded) {
  FailingRecorder<measure::GraphError> recorder;
  StageGraphs graphs(recorder);
  try {
    more(graphs, "none", filled(3, 1));
    FAIL() << "it was recorded";
  } catch (const measure::GraphError& error) {
    EXPECT_STREQ(error.what(),
                 "stage prefill of none: operation not permitted when stream is capturing");
  }
  EXPECT_EQ(graphs.recordings(), 0);
}

constexpr std::string_view kConfig = R"(
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
dtype = "fp32"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val"]
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "prumerge", "fastv"]
tokens = 64
[passes]
accuracy = false
latency = { images = 3, repeats = 2, warmup = 1, cuda_graph = true }
)";
constexpr int kVariants = 4, kFixedPrefills = 3;  // fastv selects inside of the model

class GraphDevice final : public CpuLike {
 public:
  using Make = std::function<std::unique_ptr<measure::GraphRecorder>()>;
  explicit GraphDevice(Make make) : make_(std::move(make)) {}
  [[nodiscard]] std::unique_ptr<measure::GraphRecorder> make_graph_recorder() const override {
    return make_();
  }

 private:
  Make make_;
};

struct Fixture {
  config::Config config;
  model::LoadedModel weights;
  model::Glamm glamm;
  GraphDevice device;
  std::unique_ptr<Prompts> prompts;
  std::vector<PlannedMethod> methods;
  Plan plan;
  Preparer preparer;

  explicit Fixture(GraphDevice::Make make, std::vector<std::string> set = {})
      : config(config::parse_config(kConfig, "test.toml",
                                    {.assignments = std::move(set), .output = {}, .limit = {}})),
        weights(model::load_model(config.glamm, config.clip, {})),
        glamm(weights),
        device(std::move(make)),
        prompts(tokenized_prompts(config.glamm, config.clip, weights.geometry)),
        methods(make_methods(config, weights.geometry)),
        plan(make_plan(config, "test")),
        preparer(config, plan, weights.geometry, *prompts) {}
  PassContext context() { return {config, plan, glamm, methods, device, prompts->seg_token(), 0}; }
  /// Of every bundle; all come from one pass.
  std::vector<store::Bundle> timed() {
    const auto pass = make_latency_pass(context());
    std::vector<store::Bundle> rows;
    for (const BundlePlan& bundle : plan.bundles)
      rows.push_back(pass->run(bundle, preparer.prepare(bundle)));
    return rows;
  }
};

GraphDevice::Make keeping(Counts& counts, Replay replay = Replay::works) {
  return [&counts, replay] { return std::make_unique<KeepingRecorder>(counts, replay); };
}

TEST(LatencyPassWithGraphs, LeavesTheRowsOfOneWithout) {
  Counts counts;
  Fixture graphs(keeping(counts)), plain(keeping(counts), {"passes.latency.cuda_graph=false"});
  const std::vector<store::Bundle> a = graphs.timed();
  const int recorded = counts.recorded;
  const std::vector<store::Bundle> b = plain.timed();
  EXPECT_EQ(counts.recorded, recorded) << "a run without graphs records none";
  ASSERT_EQ(a.size(), 3U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].units.size(), b[i].units.size());
    for (std::size_t u = 0; u < a[i].units.size(); ++u) {
      const store::UnitRow &x = a[i].units[u], &y = b[i].units[u];
      EXPECT_EQ(x.status, store::Status::ok);
      EXPECT_EQ(x.variant, y.variant);
      EXPECT_EQ(x.repeat, y.repeat);
      EXPECT_EQ(x.kept, y.kept);
      EXPECT_EQ(x.kept_last, y.kept_last);
      EXPECT_EQ(x.llm_tokens, y.llm_tokens);
      EXPECT_EQ(x.layer_mean_tokens, y.layer_mean_tokens);
      EXPECT_EQ(x.flops_llm, y.flops_llm);
      EXPECT_EQ(x.flops_total, y.flops_total);
      EXPECT_EQ(x.peak_bytes_llm, y.peak_bytes_llm);
      EXPECT_GT(x.stage_ns[static_cast<std::size_t>(Stage::prefill)], 0);
    }
  }
}

TEST(LatencyPassWithGraphs, RecordsEveryStageOnceAndThePrefillForEveryLength) {
  Counts counts;
  Fixture f(keeping(counts), {"passes.latency.images=1"});
  const std::vector<store::Bundle> rows = f.timed();
  ASSERT_EQ(rows[0].samples.size(), 1U);
  EXPECT_EQ(counts.recorded, kVariants + kFixedPrefills + 2);  // sam and mask are shared
  // A check and two repeats of every variant: clip, sam, mask, and prefill where it is fixed.
  EXPECT_EQ(counts.replayed, 3 * (3 * kVariants + kFixedPrefills));
}

TEST(LatencyPassWithGraphs, RecordsClipAndSamOnceForAllPictures) {
  Counts counts;
  Fixture f(keeping(counts));
  std::set<std::int64_t> lengths, prompts;
  for (const store::Bundle& bundle : f.timed()) {
    for (const store::SampleRow& sample : bundle.samples) {
      lengths.insert(sample.tokens);
      prompts.insert(sample.turns);
    }
  }
  ASSERT_GT(lengths.size() + prompts.size(), 2U) << "conversations of one shape show nothing";
  EXPECT_GT(counts.recorded, kVariants + kFixedPrefills + 2);
  // Three conversations, of which each may need other prefills and another mask stage; nothing else.
  EXPECT_LE(counts.recorded, kVariants + 1 + 3 * (kFixedPrefills + 1));
}

TEST(LatencyPassWithGraphs, TakesNoTimeOfGraphsThatGiveOtherMasks) {
  Counts counts;
  Fixture f(keeping(counts, Replay::does_nothing));
  std::size_t failed = 0;
  for (const store::Bundle& bundle : f.timed()) {
    for (const store::UnitRow& row : bundle.units) {
      if (row.status == store::Status::ok) continue;
      EXPECT_EQ(row.status, store::Status::failed_sample);
      EXPECT_GE(row.repeat, 0);
      const auto text = bundle.get(row.error);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(text.data()), text.size()),
                "masks from CUDA graphs differ from those without");
      ++failed;
    }
  }
  EXPECT_GE(failed, 4U) << "the second picture's are those of the first";
}

TEST(LatencyPassWithGraphs, EndsTheRunWhereADeviceCannotRecord) {
  Fixture f([] { return std::make_unique<FailingRecorder<measure::GraphError>>(); });
  try {
    f.timed();
    FAIL() << "it was timed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    const std::string text = error.what();
    EXPECT_NE(text.find("stage clip of none: operation not permitted"), std::string::npos) << text;
    EXPECT_NE(text.find("leave passes.latency.cuda_graph out"), std::string::npos) << text;
  }
}

struct NoRoom : c10::OutOfMemoryError {
  explicit NoRoom(const char* text) : OutOfMemoryError(std::string(text)) {}
};

TEST(LatencyPassWithGraphs, CountsMemoryThatDoesNotSufficeAsThePicturesFailure) {
  Fixture f([] { return std::make_unique<FailingRecorder<NoRoom>>(); });
  for (const store::Bundle& bundle : f.timed()) {
    EXPECT_FALSE(bundle.units.empty());
    for (const store::UnitRow& row : bundle.units) EXPECT_EQ(row.status, store::Status::oom);
  }
}

TEST(LatencyPassWithGraphs, IsRefusedOnADeviceThatHasNone) {
  Fixture f([] { return nullptr; });
  try {
    static_cast<void>(make_latency_pass(f.context()));
    FAIL() << "it was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("the run computes on cpu"), std::string::npos);
  }
}

}  // namespace
}  // namespace litebench::evaluate
