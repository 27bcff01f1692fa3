#include "harness/evaluate/plan.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/hash.hpp"
#include "harness/evaluate/keys.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::evaluate {
namespace {

std::int16_t dataset_index(Plan& plan, const config::Config& config, std::string_view name) {
  for (std::size_t i = 0; i < plan.datasets.size(); ++i) {
    if (plan.datasets[i].name == name) return static_cast<std::int16_t>(i);
  }
  plan.datasets.push_back(refer::load_dataset(config.root, name));
  return static_cast<std::int16_t>(plan.datasets.size() - 1);
}

SplitPlan make_split(Plan& plan, const config::Config& config, const std::string& name) {
  SplitPlan split;
  split.name = name;
  const std::size_t slash = name.find('/');
  split.split = name.substr(slash + 1);
  split.dataset = dataset_index(plan, config, std::string_view(name).substr(0, slash));
  // All protocols of a run share one image order; it decides the order of rows, never a number.
  split.images = refer::images_of_split(plan.datasets[static_cast<std::size_t>(split.dataset)],
                                        split.split, config.protocols.front().image_order);
  split.planned = split.images.size();
  if (config.limit > 0) split.planned = std::min<std::size_t>(split.planned, config.limit);
  const auto together = static_cast<std::size_t>(config.images_per_bundle);
  const std::size_t whole_groups = (split.planned + together - 1) / together * together;
  split.images.resize(std::min(split.images.size(), whole_groups));
  return split;
}

/// Images of the latency pass: the same for every start, spread over the split, chosen by the run's
/// seed.
std::vector<std::uint32_t> latency_images(const SplitPlan& split, const config::Config& config) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed;
  for (std::uint32_t i = 0; i < split.planned; ++i) {
    const std::string key =
        fmt::format("latency|{}|{}|{}", config.seed, split.name, split.images[i].image_id);
    keyed.emplace_back(hash64(key), i);
  }
  std::sort(keyed.begin(), keyed.end());
  if (keyed.size() > static_cast<std::size_t>(config.latency.images)) {
    keyed.resize(static_cast<std::size_t>(config.latency.images));
  }
  std::vector<std::uint32_t> chosen;
  for (const auto& [key, index] : keyed) chosen.push_back(index);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

BundlePlan make_bundle(const Plan& plan, const config::Config& config, std::string_view pack,
                       store::Pass pass, std::size_t split, std::size_t protocol,
                       std::uint32_t image) {
  const SplitPlan& of = plan.splits[split];
  BundlePlan bundle;
  bundle.image = image;
  bundle.row.pass = pass;
  bundle.row.dataset = of.dataset;
  bundle.row.split = static_cast<std::int16_t>(split);
  bundle.row.protocol = static_cast<std::int16_t>(protocol);
  bundle.row.image_id = of.images[image].image_id;
  bundle.row.bundle_id = unit::bundle_id(
      pack, store::name_of(pass), plan.datasets[static_cast<std::size_t>(of.dataset)].name,
      of.split, protocol_key(config.protocols[protocol]), std::span(&of.images[image].image_id, 1));
  const std::vector<protocol::Sample> samples = samples_of(plan, config, bundle);
  const auto runs = static_cast<std::int32_t>(runs_of(config, pass).size());
  const std::int32_t repeats = pass == store::Pass::latency ? config.latency.repeats : 1;
  bundle.row.samples = static_cast<std::int32_t>(samples.size());
  for (const protocol::Sample& sample : samples) {
    if (pass == store::Pass::accuracy)
      bundle.row.expressions += static_cast<std::int32_t>(sample.turns.size()) * runs;
  }
  bundle.row.units = bundle.row.samples * runs * repeats;
  return bundle;
}

/// Images of a split that are computed together, as indices, group after group.
std::vector<std::vector<std::uint32_t>> image_groups(const SplitPlan& split,
                                                     const config::Config& config,
                                                     store::Pass pass) {
  std::vector<std::vector<std::uint32_t>> groups;
  if (pass == store::Pass::latency) {
    for (const std::uint32_t image : latency_images(split, config)) groups.push_back({image});
    return groups;
  }
  const auto together = static_cast<std::uint32_t>(config.images_per_bundle);
  for (std::uint32_t i = 0; i < split.images.size(); ++i) {
    if (i % together == 0) groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

void add_pass(Plan& plan, const config::Config& config, std::string_view pack, store::Pass pass) {
  if (runs_of(config, pass).empty()) return;  // later seeds are not timed
  for (std::size_t s = 0; s < plan.splits.size(); ++s) {
    const auto groups = image_groups(plan.splits[s], config, pass);
    for (std::size_t p = 0; p < config.protocols.size(); ++p) {
      for (const std::vector<std::uint32_t>& images : groups) {
        GroupPlan& group = plan.groups.emplace_back();
        for (const std::uint32_t image : images) {
          group.members.push_back(make_bundle(plan, config, pack, pass, s, p, image));
          if (image < plan.splits[s].planned) ++group.recorded;
        }
        const auto recorded = group.bundles();
        plan.bundles.insert(plan.bundles.end(), recorded.begin(), recorded.end());
      }
    }
  }
}

}  // namespace

std::vector<store::PlannedBundle> Plan::rows() const {
  std::vector<store::PlannedBundle> all;
  for (const BundlePlan& bundle : bundles) all.push_back(bundle.row);
  return all;
}

std::string images_text(const GroupPlan& group) {
  std::vector<std::int64_t> ids;
  for (const BundlePlan& bundle : group.members) ids.push_back(bundle.row.image_id);
  return fmt::format("image{} {}", ids.size() == 1 ? "" : "s", fmt::join(ids, ", "));
}

Plan make_plan(const config::Config& config, std::string_view pack) {
  Plan plan;
  if (!config.replay.empty()) plan.replay = protocol::Replay::load(config.replay);
  for (const std::string& name : config.splits)
    plan.splits.push_back(make_split(plan, config, name));
  plan_pack(plan, config, pack);
  return plan;
}

void plan_pack(Plan& plan, const config::Config& config, std::string_view pack) {
  if (plan.pack == pack) return;
  plan.pack = pack;
  plan.bundles.clear();
  plan.groups.clear();
  if (config.accuracy) add_pass(plan, config, pack, store::Pass::accuracy);
  if (config.latency.enabled) add_pass(plan, config, pack, store::Pass::latency);
}

std::vector<VariantRun> runs_of(const config::Config& config, store::Pass pass) {
  std::vector<VariantRun> runs;
  for (std::size_t v = 0; v < config.variants.size(); ++v) {
    const config::SweptVariant& swept = config.variants[v];
    const std::int32_t end = pass == store::Pass::latency ? 1 : swept.first_seed + swept.seeds;
    for (std::int32_t seed = swept.first_seed; seed < end; ++seed) {
      runs.push_back({static_cast<std::int16_t>(v), static_cast<std::int16_t>(seed)});
    }
  }
  return runs;
}

std::vector<protocol::Sample> samples_of(const Plan& plan, const config::Config& config,
                                         const BundlePlan& bundle) {
  const SplitPlan& split = plan.splits[static_cast<std::size_t>(bundle.row.split)];
  const protocol::Protocol& protocol =
      config.protocols[static_cast<std::size_t>(bundle.row.protocol)];
  std::vector<protocol::Sample> samples = protocol::samples_of(
      plan.datasets[static_cast<std::size_t>(split.dataset)], split.split,
      split.images[bundle.image], protocol, plan.replay ? &*plan.replay : nullptr);
  // A latency bundle times one conversation: more of the same image would only weigh that image
  // more.
  if (bundle.row.pass == store::Pass::latency && samples.size() > 1) samples.resize(1);
  return samples;
}

}  // namespace litebench::evaluate
