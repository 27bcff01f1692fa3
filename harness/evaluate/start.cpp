#include "harness/evaluate/start.hpp"

#include <map>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/evaluate/plan_report.hpp"
#include "harness/evaluate/run_folder.hpp"
#include "shards/store/flight.hpp"
#include "shards/store/resume.hpp"

namespace litebench::evaluate {

namespace {

struct Suspicion {
  std::vector<std::string> attempts;  ///< that died with the bundle in work, as shard names
  bool timed_out = false;             ///< the last of them ran out of time
};
using Suspicions = std::map<std::uint64_t, Suspicion>;

/// The attempt in a shard's name "<attempt>-r<rank>.h5".
std::string attempt_of(const std::string& shard) { return shard.substr(0, shard.rfind("-r")); }

/// What unfinished bundles earlier attempts died of. Marks that accuse nothing any more go.
Suspicions suspicions_of(const std::filesystem::path& run, const store::DoneSet& done,
                         bool forgive) {
  Suspicions suspicions;
  for (const store::Flight& flight : store::flights_of(run)) {
    bool accuses = false;
    for (const std::uint64_t bundle : flight.bundles) {
      if (forgive || done.bundles.count(bundle) > 0 || done.quarantined.count(bundle) > 0) continue;
      accuses = true;
      Suspicion& suspicion = suspicions[bundle];
      // Ranks of one attempt may have had the same bundle: one death all the same.
      if (suspicion.attempts.empty() ||
          attempt_of(suspicion.attempts.back()) != attempt_of(flight.shard))
        suspicion.attempts.push_back(flight.shard);
      suspicion.timed_out = flight.timed_out;
    }
    std::error_code error;
    if (!accuses) std::filesystem::remove(flight.path, error);
  }
  return suspicions;
}

/// A bundle with fewer repeats than now wanted would count as done and keep the table incomplete.
void check_repeats(const config::Config& config, const BundlePlan& bundle,
                   const store::DoneSet& done) {
  const auto before = done.planned_units.find(std::uint64_t{bundle.row.bundle_id});
  if (before == done.planned_units.end() || before->second == bundle.row.units) return;
  throw Error(ExitCode::usage, fmt::format("cannot resume {}", config.output.string()),
              fmt::format("passes.latency.repeats differs: {} units a bundle then, {} now",
                          before->second, std::int32_t{bundle.row.units}),
              "undo the change, choose another run.output, or start with --fresh");
}

bool settled(const BundlePlan& bundle, const store::DoneSet& done) {
  const std::uint64_t id = bundle.row.bundle_id;
  return done.bundles.count(id) > 0 || done.quarantined.count(id) > 0;
}

/// What died with the group. Any image may have named it: with another run.limit another one is
/// the last.
const Suspicion* suspicion_of(const GroupPlan& group, const Suspicions& suspicions) {
  const Suspicion* worst = nullptr;
  for (const BundlePlan& bundle : group.bundles()) {
    const auto found = suspicions.find(bundle.row.bundle_id);
    if (found == suspicions.end()) continue;
    if (worst == nullptr || found->second.attempts.size() > worst->attempts.size())
      worst = &found->second;
  }
  return worst;
}

/// Why a group is given up.
std::string accusation(const GroupPlan& group, const Suspicion& suspicion) {
  const std::string what =
      group.members.size() == 1
          ? "it was"
          : fmt::format("{}, which are computed together, were", images_text(group));
  return fmt::format("{} in work when {} attempts ended without a word: {}", what,
                     suspicion.attempts.size(), fmt::join(suspicion.attempts, ", "));
}

/// Adds what is to do with one group.
void judge(const GroupPlan& group, const store::DoneSet& done, const Suspicions& suspicions,
           std::int64_t quarantine, PackStart& start) {
  std::vector<std::uint64_t> open;
  for (const BundlePlan& bundle : group.bundles())
    (settled(bundle, done) ? start.done : open).push_back(bundle.row.bundle_id);
  if (open.empty()) return;
  const Suspicion* suspicion = suspicion_of(group, suspicions);
  if (suspicion == nullptr) return;
  if (quarantine == 0 || suspicion->attempts.size() < static_cast<std::size_t>(quarantine)) {
    start.suspects.push_back(group.id());
    return;
  }
  for (const std::uint64_t bundle : open)
    start.quarantined.push_back({bundle, suspicion->timed_out, accusation(group, *suspicion)});
}

/// What is done of one pack; adds to `missing_bytes` what the rest is likely to fill.
PackStart start_of(const config::Config& config, Plan& plan, const PackedVariants& variants,
                   const store::DoneSet& done, const Suspicions& suspicions,
                   std::uint64_t& missing_bytes) {
  PackStart start{variants, {}, {}, {}};
  const config::Config pack = config_of(config, variants);
  plan_pack(plan, pack, unit::key_of(pack_parts(pack)));
  for (const BundlePlan& bundle : plan.bundles) check_repeats(config, bundle, done);
  for (const GroupPlan& group : plan.groups)
    judge(group, done, suspicions, config.quarantine, start);
  const std::size_t left = plan.bundles.size() - start.done.size();
  if (left > 0) missing_bytes += predicted_bytes(pack, plan) * left / plan.bundles.size();
  return start;
}

nlohmann::json to_json(const PackStart& pack) {
  auto variants = nlohmann::json::array();
  for (const PackedVariant& packed : pack.variants)
    variants.push_back({packed.variant, packed.first_seed, packed.seeds});
  auto quarantined = nlohmann::json::array();
  for (const Quarantined& bundle : pack.quarantined)
    quarantined.push_back({bundle.bundle_id, bundle.timed_out, bundle.reason});
  return {{"variants", variants},
          {"done", pack.done},
          {"suspects", pack.suspects},
          {"quarantined", quarantined}};
}

PackStart pack_from_json(const nlohmann::json& json) {
  PackStart pack;
  for (const nlohmann::json& packed : json.at("variants"))
    pack.variants.push_back({packed.at(0), packed.at(1), packed.at(2)});
  pack.done = json.at("done").get<std::vector<std::uint64_t>>();
  pack.suspects = json.at("suspects").get<std::vector<std::uint64_t>>();
  for (const nlohmann::json& bundle : json.at("quarantined"))
    pack.quarantined.push_back({bundle.at(0), bundle.at(1), bundle.at(2)});
  return pack;
}

}  // namespace

std::string StartInfo::to_text() const {
  auto list = nlohmann::json::array();
  for (const PackStart& pack : packs) list.push_back(to_json(pack));
  return nlohmann::json(
             {{"attempt", attempt}, {"family", family}, {"plan", plan}, {"packs", list}})
      .dump();
}

StartInfo StartInfo::from_text(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text);  // made by to_text on rank 0
  StartInfo start{json.at("attempt"), json.at("family").get<Parts>(), json.at("plan").get<Parts>(),
                  {}};
  for (const nlohmann::json& pack : json.at("packs")) start.packs.push_back(pack_from_json(pack));
  return start;
}

StartInfo prepare_start(const config::Config& config, Plan& plan, std::string attempt,
                        std::string_view device_kind, bool retry) {
  StartInfo start;
  start.attempt = std::move(attempt);
  start.family = family_parts(config, device_kind);
  start.plan = plan_parts(config);
  store::DoneSet done =
      store::scan_done(config.output, {unit::key_of(start.family), start.family});
  if (retry) done.quarantined.clear();
  const Suspicions suspicions = suspicions_of(config.output, done, retry);
  std::uint64_t missing_bytes = 0;
  for (const PackedVariants& variants : packs_of(config, done.packs))
    start.packs.push_back(start_of(config, plan, variants, done, suspicions, missing_bytes));
  for (const store::Unreadable& shard : done.unreadable) {
    fmt::print(stderr, "litebench: {} is damaged ({}); its {} lost bundles are done again\n",
               shard.path.filename().string(), shard.reason, shard.lost_bundles);
  }
  check_space(config.output, missing_bytes);
  write_file(config.output / "config.toml", config::print_config(config));
  return start;
}

}  // namespace litebench::evaluate
