#include "harness/inspect/workbench.hpp"

#include <algorithm>

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "harness/evaluate/outside.hpp"
#include "harness/evaluate/setup.hpp"

namespace litebench::inspect {
namespace {

config::Config read(const cli::InspectOptions& options) {
  config::Config config = config::load_config(options.config, options.overrides);
  config.accuracy = true;
  config.latency.enabled = false;
  if (!options.variants.empty()) {
    config.variants.clear();
    for (const unit::Variant& variant : options.variants)
      config.variants.push_back({variant, 1, 0});
  }
  if (config.protocols.size() > 1) {
    throw Error(ExitCode::usage, fmt::format("cannot look through {}", options.config),
                fmt::format("it has {} protocols", config.protocols.size()),
                "give a configuration of one");
  }
  evaluate::read_contents(config);
  return config;
}

std::vector<evaluate::BundlePlan> chosen(const evaluate::Plan& plan, const config::Config& config,
                                         const std::vector<std::int64_t>& images) {
  std::vector<evaluate::BundlePlan> bundles;
  for (const evaluate::BundlePlan& bundle : plan.bundles) {
    const std::int64_t id = bundle.row.image_id;
    if (images.empty() || std::find(images.begin(), images.end(), id) != images.end())
      bundles.push_back(bundle);
  }
  for (const std::int64_t image : images) {
    const auto found = std::any_of(bundles.begin(), bundles.end(), [&](const auto& bundle) {
      return std::int64_t{bundle.row.image_id} == image;
    });
    if (!found) {
      throw Error(ExitCode::usage, fmt::format("cannot find image {}", image),
                  fmt::format("it is in none of {}", fmt::join(config.splits, ", ")),
                  "give an image_id of these splits, or another data.splits");
    }
  }
  return bundles;
}

}  // namespace

Workbench::Workbench(const cli::InspectOptions& options)
    : config_(read(options)),
      device_(evaluate::open_device(config_, 0)),
      geometry_(evaluate::geometry_of(config_)),
      methods_(evaluate::make_methods(config_, geometry_, device_->torch_device())),
      prompts_(evaluate::make_prompts(config_, geometry_)),
      plan_(evaluate::make_plan(config_, "inspect")),
      bundles_(chosen(plan_, config_, options.images)) {
  at::set_num_threads(config_.threads);
  glamm_.emplace(evaluate::load_model(config_, *device_));
}

const evaluate::SplitPlan& Workbench::split_of(const evaluate::BundlePlan& bundle) const {
  return plan_.splits[static_cast<std::size_t>(bundle.row.split)];
}

evaluate::PassContext Workbench::context() const {
  return {config_, plan_, *glamm_, methods_, *device_, prompts_->seg_token(), 0};
}

evaluate::PreparedImage Workbench::prepare(const evaluate::BundlePlan& bundle) const {
  const evaluate::Preparer preparer(config_, plan_, geometry_, *prompts_);
  evaluate::PreparedImage prepared = preparer.prepare(bundle);
  if (!prepared.decode_error.empty()) {
    throw Error(ExitCode::data, fmt::format("cannot look at image {}", prepared.image.id),
                prepared.decode_error, "see docs/datasets.md");
  }
  return prepared;
}

}  // namespace litebench::inspect
