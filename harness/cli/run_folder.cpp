#include "harness/cli/run_folder.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "shards/store/flight.hpp"
#include "shards/store/shard.hpp"

namespace litebench::cli {
namespace {

/// Calls `visit` with the contents of every shard that can be read.
template <typename Visit>
void each_shard(const std::filesystem::path& run, Visit visit) {
  for (const std::filesystem::path& shard : store::shards_of(run)) {
    try {
      visit(store::read_shard(shard, store::Rows::commits_only));
    } catch (const Error&) {
      // a shard whose process died before its first record
    }
  }
}

/// A mark of what is in work names one image of a group.
std::string companions(const store::PlannedBundle& planned, const store::Provenance& from) {
  for (const auto& [name, value] : from.pack_parts) {
    if (name == "images_per_bundle" && planned.pass == store::Pass::accuracy)
      return fmt::format(", or one of up to {} computed together with it", value);
  }
  return "";
}

std::string describe(const store::PlannedBundle& planned, const store::Provenance& from) {
  const auto split = static_cast<std::size_t>(planned.split);
  return fmt::format("{} image {} ({}{})", split < from.splits.size() ? from.splits[split] : "?",
                     std::int64_t{planned.image_id}, store::name_of(planned.pass),
                     companions(planned, from));
}

}  // namespace

std::size_t committed_bundles(const std::filesystem::path& run) {
  std::size_t bundles = 0;
  each_shard(run, [&](const store::ShardContents& shard) { bundles += shard.bundles.size(); });
  return bundles;
}

std::vector<Suspect> suspects_of(const std::filesystem::path& run) {
  std::map<std::uint64_t, int> deaths;
  for (const store::Flight& flight : store::flights_of(run)) {
    for (const std::uint64_t bundle : flight.bundles) ++deaths[bundle];
  }
  if (deaths.empty()) return {};
  std::map<std::uint64_t, std::string> names;
  each_shard(run, [&](const store::ShardContents& shard) {
    for (const store::Bundle& bundle : shard.bundles) deaths.erase(std::uint64_t{bundle.commit.bundle_id});
    for (const store::PlannedBundle& planned : shard.plan)
      names.emplace(std::uint64_t{planned.bundle_id}, describe(planned, shard.provenance));
  });
  std::vector<Suspect> suspects;
  for (const auto& [bundle, count] : deaths) {
    const auto name = names.find(bundle);
    suspects.push_back(
        {name == names.end() ? fmt::format("bundle {:016x}", bundle) : name->second, count});
  }
  std::stable_sort(suspects.begin(), suspects.end(),
                   [](const Suspect& a, const Suspect& b) { return a.deaths > b.deaths; });
  return suspects;
}

}  // namespace litebench::cli
