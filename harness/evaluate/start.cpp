#include "harness/evaluate/start.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/evaluate/plan_report.hpp"
#include "harness/evaluate/run_folder.hpp"
#include "shards/store/resume.hpp"

namespace litebench::evaluate {

namespace {

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

}  // namespace

std::string StartInfo::to_text() const {
  return nlohmann::json({{"attempt", attempt},
                         {"family", family},
                         {"pack", pack},
                         {"plan", plan},
                         {"done", done}})
      .dump();
}

StartInfo StartInfo::from_text(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text);  // made by to_text on rank 0
  return {json.at("attempt"), json.at("family").get<Parts>(), json.at("pack").get<Parts>(),
          json.at("plan").get<Parts>(), json.at("done").get<std::vector<std::uint64_t>>()};
}

StartInfo prepare_start(const config::Config& config, const Plan& plan, std::string attempt,
                        std::string_view device_kind) {
  StartInfo start;
  start.attempt = std::move(attempt);
  start.family = family_parts(config, device_kind);
  start.pack = pack_parts(config);
  start.plan = plan_parts(config);
  const store::DoneSet done = store::scan_done(
      config.output,
      {unit::key_of(start.family), unit::key_of(start.pack), start.family, start.pack});
  for (const BundlePlan& bundle : plan.bundles) {
    check_repeats(config, bundle, done);
    if (done.bundles.count(bundle.row.bundle_id) > 0) start.done.push_back(bundle.row.bundle_id);
  }
  for (const store::Unreadable& shard : done.unreadable) {
    fmt::print(stderr, "litebench: {} is damaged ({}); its {} lost bundles are done again\n",
               shard.path.filename().string(), shard.reason, shard.lost_bundles);
  }
  check_space(config.output, predicted_bytes(config, plan));
  write_file(config.output / "config.toml", config::print_config(config));
  return start;
}

}  // namespace litebench::evaluate
