#include "harness/evaluate/outside.hpp"

#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "model/prune/outside/outside_pruner.hpp"
#include "shards/unit/file_hashes.hpp"

namespace litebench::evaluate {
namespace {

prune::Answer answer_of(plans::StoredPlan plan) {
  return {.part_ptr = std::move(plan.part_ptr),
          .index = std::move(plan.index),
          .weight = std::move(plan.weight),
          .anchor = std::move(plan.anchor)};
}

prune::Answer look_up(const plans::PlanFile& file, std::int64_t tokens,
                      const prune::SampleName& sample, std::uint64_t sample_id) {
  std::string reason;
  try {
    auto plan =
        file.find({sample.split, sample.image_id, sample.sent_ids, tokens, sample_id}, reason);
    if (plan) return answer_of(std::move(*plan));
  } catch (const Error& error) {  // a damaged part of the file
    reason = error.what();
  }
  throw prune::MethodFailure(reason);
}

void check_usable(const unit::Variant& variant) {
  const std::string id = unit::id_of(variant);
  if (variant.tokens <= 0) {
    throw Error(ExitCode::usage, fmt::format("variant \"{}\"", id),
                "the method needs a number of tokens", "set tokens, or write it after an @");
  }
  if (!variant.options.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("unknown option \"{}\" of \"{}\"", variant.options.begin()->first,
                            unit::method_spelling(variant)),
                "a method from outside has no options", "remove it");
  }
}

}  // namespace

void read_contents(config::Config& config) {
  unit::FileHashes hashes;
  std::set<std::string> seen;
  for (config::SweptVariant& swept : config.variants) {
    unit::Variant& variant = swept.variant;
    if (!variant.file.empty()) variant.content = fmt::format("{:016x}", hashes.of(variant.file));
    if (seen.insert(unit::id_of(variant)).second) continue;
    throw Error(ExitCode::usage, fmt::format("variant {} is listed twice", unit::id_of(variant)),
                fmt::format("{} has the same content as a file of that name in another folder",
                            variant.file),
                "remove one of them");
  }
}

std::shared_ptr<const prune::Pruner> OutsideMethods::make(const unit::Variant& variant) {
  check_usable(variant);
  if (variant.method == "torchscript") {
    auto& script = scripts_[variant.file];
    if (!script) script = prune::load_script(variant.file, device_);
    return prune::script_pruner(variant.tokens, script);
  }
  if (variant.method == "plugin") {
    auto& plugin = plugins_[variant.file];
    if (!plugin) plugin = prune::load_plugin(variant.file);
    return prune::plugin_pruner(variant.tokens, plugin);
  }
  return make_plan(variant);
}

std::shared_ptr<const prune::Pruner> OutsideMethods::make_plan(const unit::Variant& variant) {
  auto& file = plans_[variant.file];
  if (!file) file = std::make_shared<const plans::PlanFile>(variant.file);
  return prune::plan_pruner(
      variant.tokens,
      [file, tokens = variant.tokens](const prune::SampleName& sample, std::uint64_t sample_id) {
        return look_up(*file, tokens, sample, sample_id);
      });
}

}  // namespace litebench::evaluate
