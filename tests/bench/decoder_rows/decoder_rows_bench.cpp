// What rotating the queries of an unpruned conversation takes on a CPU, operation by operation and in one pass, at the shapes of
// every geometry and of the pocket model. One thread, processor time; interleaved rounds, the fastest of each.
// Ends with 1 when one pass is not faster, or differs in a bit.

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "model/geometry.hpp"
#include "model/llama/rotary.hpp"
#include "tests/support/ratios.hpp"
#include "tests/support/seconds.hpp"

namespace {

using namespace litebench;

constexpr int kRounds = 30, kWarmUp = 3;
constexpr std::int64_t kText = 127;

void rotary(const model::Geometry& geometry, at::ScalarType type, test::Ratios& ratios) {
  const std::int64_t rows = geometry.vision.patches() + kText, half = geometry.llama.head_dim() / 2;
  const auto random = [&](std::int64_t heads, std::int64_t width) {
    return at::randn({rows, heads, width}).to(type);
  };
  const at::Tensor x = random(geometry.llama.heads, 2 * half);
  const model::RotaryAngles angles{random(1, half), random(1, half)};
  at::Tensor wanted, found;
  double rival = 1e9, own = 1e9;
  for (int round = 0; round < kRounds + kWarmUp; ++round) {
    const double rival_now =
        test::seconds(1, [&] { wanted = model::rotate_by_operations(x, angles); });
    const double own_now = test::seconds(1, [&] { found = model::rotate(x, angles); });
    if (round < kWarmUp) continue;
    rival = std::min(rival, rival_now);
    own = std::min(own, own_now);
  }
  const std::string name = fmt::format("{} {}, rotary", geometry.name, at::toString(type));
  ratios.add(name + ": operations / own", rival / own, 1);
  ratios.add(name + ": the same bits", at::equal(wanted, found) ? 1 : 0, 1);
}

}  // namespace

int main() {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  test::Ratios ratios(
      "decoder-rows",
      fmt::format("1 thread, processor time, least of {} rounds, load {}", kRounds, test::load()));
  std::vector<model::Geometry> geometries;
  for (const std::string& name : model::geometry_names()) {
    geometries.push_back(model::named_geometry(name));
  }
  geometries.push_back({.name = "pocket", .llama = {.hidden = 96, .heads = 2}});
  for (const model::Geometry& geometry : geometries) {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) rotary(geometry, type, ratios);
  }
  return ratios.finish();
}
