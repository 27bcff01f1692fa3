// What a device tells of itself, in the rows of timed units.

#include <gtest/gtest.h>

#include "harness/evaluate/pass.hpp"
#include "model/weights/weights.hpp"
#include "tests/harness/evaluate/cpu_like.hpp"

namespace litebench::evaluate {
namespace {

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
[passes]
accuracy = false
latency = { images = 1, repeats = 3, warmup = 1 }
)";

/// A CPU that tells what a GPU does: 250 mJ more at every second look, hot and slowed down from the fifth on.
class TellingDevice final : public CpuLike {
 public:
  [[nodiscard]] measure::DeviceState state() const override {
    const int look = looks_++;
    return {.clock_mhz = look < 4 ? 1980 : 1200,
            .temperature = 60 + look,
            .throttled = look < 4 ? 0 : measure::kThermal,
            .energy_mj = 1000 + 250 * ((look + 1) / 2),
            .power_mw = 300'000};
  }

 private:
  mutable int looks_ = 0;
};

store::Bundle timed_on(measure::Device& device) {
  const config::Config config =
      config::parse_config(kConfig, "test.toml", {.assignments = {}, .output = {}, .limit = {}});
  const model::LoadedModel weights = model::load_model(config.glamm, config.clip, {});
  const model::Glamm glamm(weights);
  const auto prompts = tokenized_prompts(config.glamm, config.clip, weights.geometry);
  const std::vector<PlannedMethod> methods = make_methods(config, weights.geometry);
  const Plan plan = make_plan(config, "test");
  const Preparer preparer(config, plan, weights.geometry, *prompts);
  const PassContext context{config, plan, glamm, methods, device, prompts->seg_token(), 0};
  return make_latency_pass(context)->run(plan.bundles[0], preparer.prepare(plan.bundles[0]));
}

TEST(DeviceStateOfRows, IsThatOfEachTimedRunAndWarmUpCountsForNone) {
  TellingDevice device;
  std::vector<store::UnitRow> timed;
  for (const store::UnitRow& row : timed_on(device).units) {
    if (row.repeat >= 0) timed.push_back(row);  // not the first run of the process
  }
  ASSERT_GE(timed.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(timed[i].status, store::Status::ok);
    EXPECT_EQ(timed[i].energy_mj, 250) << i;
    EXPECT_EQ(timed[i].temperature, timed[0].temperature + 2 * static_cast<int>(i));
    const bool hot = timed[i].temperature >= 64;
    EXPECT_EQ(timed[i].clock_mhz, hot ? 1200 : 1980);
    EXPECT_EQ(timed[i].throttled, hot ? measure::kThermal : 0);
  }
  EXPECT_GE(timed[2].temperature, 64);
}

TEST(DeviceStateOfRows, IsUnknownOnAProcessor) {
  const auto device = measure::open_cpu_device();
  for (const store::UnitRow& row : timed_on(*device).units) {
    EXPECT_EQ(row.clock_mhz, -1);
    EXPECT_EQ(row.temperature, -1);
    EXPECT_EQ(row.throttled, -1);
    EXPECT_EQ(row.energy_mj, -1);
  }
}

}  // namespace
}  // namespace litebench::evaluate
