// Measured on the reference data: sizes and memory, which are the same every time. How near predicted times come
// is for tests/bench/plan.

#include "harness/forecast/operators.hpp"

#include <gtest/gtest.h>

#include "harness/evaluate/accounting.hpp"
#include "harness/evaluate/setup.hpp"
#include "harness/evaluate/single.hpp"
#include "harness/forecast/forecast.hpp"
#include "harness/forecast/shapes.hpp"
#include "model/prune/ledger.hpp"

namespace litebench::forecast {
namespace {

constexpr std::string_view kConfig = R"(
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
dtype = "fp32"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
splits = ["refcoco/val", "refcocog/test"]
[[sweep]]
method = "none"
[[sweep]]
method = ["litelvlm", "fastv"]
tokens = 64
)";

struct Setting {
  explicit Setting(std::vector<std::string> set = {})
      : config(config::parse_config(kConfig, "test.toml",
                                    {.assignments = std::move(set), .output = {}, .limit = {}})),
        device(measure::open_cpu_device()),
        geometry(evaluate::geometry_of(config)),
        prompts(evaluate::make_prompts(config, geometry)),
        plan(evaluate::make_plan(config, "p")),
        methods(evaluate::make_methods(config, geometry)) {}
  [[nodiscard]] Subject subject() const {
    return {config, plan, methods, geometry, *prompts, *device};
  }

  config::Config config;
  std::unique_ptr<measure::Device> device;
  model::Geometry geometry;
  std::unique_ptr<evaluate::Prompts> prompts;
  evaluate::Plan plan;
  std::vector<evaluate::PlannedMethod> methods;
};

TEST(Shapes, OfASampleAreWhatItsLedgerHas) {
  const Setting s;
  const VariantShape cut = shape_of(s.methods[1], s.geometry, s.config.protocols.front());
  EXPECT_EQ(cut.entering.front(), 64);
  EXPECT_EQ(shape_of(s.methods[2], s.geometry, s.config.protocols.front()).entering.front(), 576);
  for (const evaluate::BundlePlan& bundle : s.plan.bundles) {
    const std::vector<protocol::Sample> samples = evaluate::samples_of(s.plan, s.config, bundle);
    const BundleShape shape = shape_of(s.plan, s.config, *s.prompts, bundle);
    ASSERT_EQ(shape.samples.size(), samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      std::vector<std::int64_t> patches(64);
      for (std::size_t p = 0; p < patches.size(); ++p) patches[p] = static_cast<std::int64_t>(p);
      prune::LedgerOptions options;
      options.seg_token = s.prompts->seg_token();
      const prune::TokenLedger ledger(s.prompts->conversation(samples[i].turns),
                                      prune::gather_patches(patches, 576), options);
      EXPECT_EQ(shape.samples[i].text_rows + 64, ledger.length());
      EXPECT_EQ(cut.rows(0, shape.samples[i]), ledger.wanted().back() + 1);
      EXPECT_EQ(shape.samples[i].turns, std::ssize(samples[i].turns));
    }
  }
}

TEST(Reduce, KeepsATowerThatIsAffordableAndAFewLayersOfOneThatIsNot) {
  const Reduced small = reduce(model::named_geometry("tiny"));
  EXPECT_EQ(small.geometry.llama.layers, 3);
  EXPECT_EQ(small.geometry.sam.depth, 4);
  ASSERT_EQ(small.sam.size(), 1U);
  EXPECT_EQ(small.sam[0].global, 2);
  const Reduced large = reduce(model::named_geometry("glamm-7b"));
  EXPECT_EQ(large.geometry.llama.layers, 2);
  EXPECT_EQ(large.llama, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(large.geometry.sam.depth, 3);
  EXPECT_EQ(large.geometry.sam.global_blocks, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(large.geometry.vision.layers, 24);
}

TEST(Measurement, NamesEverythingAForecastAsksFor) {
  const Setting s;
  Rates rates({});
  EXPECT_EQ(missing(rates, s.subject()).size(),
            10U + 2 + 3);  // operators, two kinds of taps, variants
  measure_missing(rates, s.subject(), reduce(s.geometry), 0);
  EXPECT_TRUE(missing(rates, s.subject()).empty());
  const Forecaster forecaster(rates, s.config, s.geometry, s.methods);
  const BundleShape shape = shape_of(s.plan, s.config, *s.prompts, s.plan.bundles.front());
  for (const double seconds : forecaster.accuracy(shape, 0)) EXPECT_GT(seconds, 0);
  const double whole = total(forecaster.latency(shape, shape.samples.front(), 0, 0));
  EXPECT_GT(whole, 0);
  EXPECT_GT(forecaster.accuracy_memory({&shape, 1}, 0).total,
            forecaster.latency_memory(shape.samples.front(), 0, 0).total);
}

/// Memory and operations of one run of every variant, as forecast and as they come out.
void expect_forecast_of_runs(const Setting& s) {
  Rates rates({});
  measure_missing(rates, s.subject(), reduce(s.geometry), 0);
  EXPECT_TRUE(missing(rates, s.subject()).empty());
  const Forecaster forecaster(rates, s.config, s.geometry, s.methods);
  const c10::InferenceMode guard;
  const model::Glamm glamm(evaluate::load_model(s.config, *s.device));
  const evaluate::PassContext context{
      s.config, s.plan, glamm, s.methods, *s.device, s.prompts->seg_token(), 0};
  const evaluate::Preparer preparer(s.config, s.plan, s.geometry, *s.prompts);
  const evaluate::PreparedImage image = preparer.prepare(s.plan.bundles.front());
  const SampleShape shape =
      shape_of(s.plan, s.config, *s.prompts, s.plan.bundles.front()).samples.front();
  const auto clock = s.device->make_clock();
  SCOPED_TRACE(name_of(s.config.latency.compute));
  for (std::size_t v = 0; v < s.methods.size(); ++v) {
    const protocol::Protocol& protocol = s.config.protocols.front();
    const evaluate::SingleRun run =
        evaluate::run_single(context, s.methods[v], image.image, image.samples.front(), protocol,
                             *clock, s.config.latency.compute);
    const auto measured = static_cast<double>(run.peak_bytes_llm);
    EXPECT_NEAR(forecaster.latency_memory(shape, 0, v).llm, measured, 0.02 * measured) << v;
    store::UnitRow row{};
    const auto text = evaluate::text_kind(s.methods[v], s.geometry, protocol);
    evaluate::account(
        row, *run.ledger, s.geometry, s.methods[v],
        {std::ssize(image.samples.front().targets),
         evaluate::clip_text_length(image.samples.front(), text), 4, s.config.latency.compute});
    EXPECT_DOUBLE_EQ(forecaster.latency_flops(shape, 0, v), double{row.flops_total}) << v;
  }
}

TEST(Measurement, ForecastsMemoryAndOperationsOfRunsWithAndWithoutTheReferencesDeadWork) {
  expect_forecast_of_runs(Setting({"passes.latency=true"}));
  expect_forecast_of_runs(Setting({"passes.latency={ compute = \"upstream\" }"}));
}

TEST(Measurement, OfFewerLayersTellsTheMemoryOfAll) {
  Setting s;
  s.geometry.llama.layers = 7;
  s.geometry.sam = with_depth(s.geometry.sam, {5, 2});
  Rates all({}), few({});
  measure_missing(all, s.subject(), reduce(s.geometry, 1e15), 0);
  const Reduced reduced = reduce(s.geometry, 1);
  ASSERT_EQ(reduced.geometry.llama.layers, 2);
  ASSERT_EQ(reduced.geometry.sam.depth, 3);
  measure_missing(few, s.subject(), reduced, 0);
  for (const double rows : {200.0, 660.0})
    EXPECT_NEAR(few.at("llm.bytes", {1, rows, rows * rows}),
                all.at("llm.bytes", {1, rows, rows * rows}),
                0.02 * all.at("llm.bytes", {1, rows, rows * rows}));
  EXPECT_NEAR(few.at("sam.bytes", {1}), all.at("sam.bytes", {1}), 0.02 * all.at("sam.bytes", {1}));
}

}  // namespace
}  // namespace litebench::forecast
