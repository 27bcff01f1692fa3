// `litebench status RUN`: progress per attempt and rank, errors, the command that continues.

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/run_folder.hpp"
#include "harness/config/config.hpp"
#include "shards/store/shard.hpp"

namespace litebench::cli {
namespace {

struct Summary {
  std::map<std::uint64_t, store::Pass> planned;
  std::set<std::uint64_t> done;
  std::map<std::string, std::size_t> failures;  ///< status name -> units
};

std::string_view state_of(const store::ShardContents& shard) {
  if (shard.clean_end) return "ended";
  return shard.damage.empty() ? "live or killed" : "damaged tail";
}

/// " (latency)": a rank has a shard for each pass, and for each pack of variants.
std::string passes_of(const store::ShardContents& shard) {
  std::set<store::Pass> passes;
  for (const store::Bundle& bundle : shard.bundles) passes.insert(bundle.commit.pass);
  std::string text;
  for (const store::Pass pass : passes)
    text += fmt::format("{}{}", text.empty() ? " (" : ", ", store::name_of(pass));
  return text.empty() ? "" : text + ")";
}

void print_shard(const store::ShardContents& shard) {
  fmt::print("  {}  rank {}/{}  {} bundles{}  {}\n", shard.provenance.attempt, shard.provenance.rank,
             shard.provenance.ranks, shard.bundles.size(), passes_of(shard), state_of(shard));
  for (const store::EventRecord& event : shard.events) {
    if (event.kind == store::Event::error) fmt::print("      error: {}\n", event.text);
  }
}

void add(Summary& summary, const store::ShardContents& shard) {
  for (const store::PlannedBundle& planned : shard.plan)
    summary.planned[planned.bundle_id] = planned.pass;
  for (const store::Bundle& bundle : shard.bundles) {
    if (summary.done.count(bundle.commit.bundle_id) > 0) continue;
    bool finished = true;
    for (const store::UnitRow& unit : bundle.units) {
      if (unit.status != store::Status::ok)
        ++summary.failures[std::string(store::name_of(unit.status))];
      finished = finished && !store::is_transient(unit.status);
    }
    if (finished) summary.done.insert(bundle.commit.bundle_id);
  }
}

void print_pass(const Summary& summary, store::Pass pass) {
  std::size_t planned = 0, done = 0;
  for (const auto& [id, of] : summary.planned) {
    if (of != pass) continue;
    ++planned;
    done += summary.done.count(id);
  }
  if (planned > 0) fmt::print("{:<9} {} of {} bundles\n", store::name_of(pass), done, planned);
}

}  // namespace

int status_command(const Arguments& arguments) {
  const bool by_config = arguments.size() == 2 && arguments.front() == "--config";
  if (!by_config && (arguments.size() != 1 || arguments.front().starts_with('-'))) {
    throw Error(ExitCode::usage, "cannot tell a status", "it takes the folder of a run",
                "litebench status RUN, or litebench status --config FILE");
  }
  const std::filesystem::path run =
      by_config ? config::load_config(arguments.back(), {}).output
                : std::filesystem::path(arguments.front());
  const std::vector<std::filesystem::path> shards = store::shards_of(run);
  if (shards.empty()) {
    throw Error(ExitCode::data, fmt::format("no shards in {}", (run / "shards").string()),
                "nothing was started there", "give the folder named by run.output");
  }
  Summary summary;
  for (const std::filesystem::path& path : shards) {
    try {
      const store::ShardContents shard = store::read_shard(path);
      print_shard(shard);
      add(summary, shard);
    } catch (const Error& error) {
      fmt::print("  {}: {}\n", path.filename().string(), error.what());
    }
  }
  print_pass(summary, store::Pass::accuracy);
  print_pass(summary, store::Pass::latency);
  for (const auto& [status, units] : summary.failures) fmt::print("{} units: {}\n", status, units);
  for (const Suspect& suspect : suspects_of(run)) {
    fmt::print("suspect: {}, in work when {} attempt{} ended without a word\n", suspect.bundle,
               suspect.deaths, suspect.deaths == 1 ? "" : "s");
  }
  const bool complete = std::all_of(summary.planned.begin(), summary.planned.end(),
                                    [&](auto& p) { return summary.done.count(p.first) > 0; });
  if (!complete)
    fmt::print("continue with: litebench launch -n RANKS --config {}\n",
               (run / "config.toml").string());
  return static_cast<int>(complete ? ExitCode::complete : ExitCode::incomplete);
}

}  // namespace litebench::cli
