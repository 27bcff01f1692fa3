#include "harness/evaluate/plan_report.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::evaluate {
namespace {

struct PassCount {
  std::size_t bundles = 0;
  std::int64_t units = 0, expressions = 0;
};

PassCount count(const Plan& plan, store::Pass pass) {
  PassCount total;
  for (const BundlePlan& bundle : plan.bundles) {
    if (bundle.row.pass != pass) continue;
    ++total.bundles;
    total.units += bundle.row.units;
    total.expressions += bundle.row.expressions;
  }
  return total;
}

void print_pass(const config::Config& config, const Plan& plan, store::Pass pass) {
  const PassCount total = count(plan, pass);
  if (total.bundles == 0) return;
  fmt::print("{:<10}{} bundles, {} units", store::name_of(pass), total.bundles, total.units);
  if (total.expressions > 0) fmt::print(", {} masks", total.expressions);
  const auto groups = std::count_if(plan.groups.begin(), plan.groups.end(),
                                    [&](const GroupPlan& group) { return group.pass() == pass; });
  if (static_cast<std::size_t>(groups) < total.bundles)
    fmt::print(", computed in {} groups", groups);
  if (pass == store::Pass::latency) {
    fmt::print(", compute {}", name_of(config.latency.compute));
    if (config.latency.cuda_graph) fmt::print(", from CUDA graphs");
  }
  fmt::print("\n");
}

void print_variants(const config::Config& config, const std::vector<PlannedMethod>& methods) {
  for (std::size_t i = 0; i < methods.size(); ++i) {
    fmt::print("  {:<34}", unit::id_of(methods[i].variant));
    if (methods[i].pruner->info().adaptive && methods[i].variant.tokens == 0) {
      fmt::print("as many visual tokens as each image asks for");
    } else if (methods[i].infeasible.empty()) {
      fmt::print("{:.1f} visual tokens a layer", methods[i].planned_mean);
    } else {
      fmt::print("INFEASIBLE: {}", methods[i].infeasible);
    }
    if (config.variants[i].seeds > 1) fmt::print(", {} seeds", config.variants[i].seeds);
    fmt::print("\n");
  }
}

void check_pictures(const config::Config& config, const Plan& plan) {
  std::set<std::filesystem::path> missing;  // splits share pictures
  for (const SplitPlan& split : plan.splits) {
    const refer::Dataset& dataset = plan.datasets[static_cast<std::size_t>(split.dataset)];
    for (const refer::SplitImage& image : split.images) {
      const std::filesystem::path path =
          refer::image_path(config.root, dataset.images.at(image.image_id));
      if (!std::filesystem::exists(path)) missing.insert(path);
    }
  }
  if (missing.empty()) return;
  throw Error(
      ExitCode::data,
      fmt::format("{} picture{} missing", missing.size(), missing.size() == 1 ? " is" : "s are"),
      fmt::format("the first is {}", missing.begin()->string()),
      "see docs/datasets.md for where they belong; a run would record them as failed_decode");
}

}  // namespace

void print_plan(const config::Config& config, const Plan& plan,
                const std::vector<PlannedMethod>& methods, const model::Geometry& geometry) {
  fmt::print("model     {} + {}, {} (LLM {}x{}, CLIP {}x{}, SAM {}x{} at {})\n", config.glamm,
             config.clip, config::name_of(config.dtype), geometry.llama.hidden,
             geometry.llama.layers, geometry.vision.hidden, geometry.vision.layers,
             geometry.sam.dim, geometry.sam.depth, geometry.sam.image);
  for (const SplitPlan& split : plan.splits)
    fmt::print("split     {:<18}{} images\n", split.name, split.planned);
  fmt::print("protocols {}\nvariants\n", config.protocols.size());
  print_variants(config, methods);
  print_pass(config, plan, store::Pass::accuracy);
  print_pass(config, plan, store::Pass::latency);
  if (const config::LatencyPass& pass = config.latency; pass.enabled && pass.adaptive()) {
    fmt::print(
        "          counted and predicted at {} repeats; pictures that need more for {:.3g} % "
        "get up to {}\n",
        pass.repeats, 100 * pass.goal, pass.repeats_max);
  }
  fmt::print("writes    about {:.1f} MB into {}\n",
             static_cast<double>(predicted_bytes(config, plan)) * 1e-6, config.output.string());
  check_pictures(config, plan);
}

std::uint64_t predicted_bytes(const config::Config& config, const Plan& plan) {
  // Generous means of the reference data set: a mask's run lengths, an index list of every kept
  // token, fixed rows. The reducer writes the same once more, compressed.
  constexpr std::uint64_t kMask = 600, kExpressionRow = 100, kUnitRow = 300, kSample = 2'000,
                          kStart = 100'000;
  std::uint64_t bytes = kStart;
  std::uint64_t tokens = 0;
  for (const config::SweptVariant& swept : config.variants) {
    tokens += 2 * static_cast<std::uint64_t>(swept.variant.tokens > 0 ? swept.variant.tokens : 576);
  }
  const std::uint64_t tokens_per_unit = tokens / config.variants.size();
  for (const BundlePlan& bundle : plan.bundles) {
    bytes += static_cast<std::uint64_t>(bundle.row.expressions) * (kMask + kExpressionRow) +
             static_cast<std::uint64_t>(bundle.row.units) * (kUnitRow + tokens_per_unit) +
             static_cast<std::uint64_t>(bundle.row.samples) * kSample;
  }
  return 2 * bytes;
}

}  // namespace litebench::evaluate
