// record_timings RUN: the accuracy bundles of a run as lines "cost seconds", for the programs beside this one. Cost is what
// a run predicts when it orders its bundles.

#include <cstdio>
#include <map>
#include <unordered_map>

#include <fmt/core.h>

#include "harness/evaluate/supervision.hpp"
#include "shards/store/shard.hpp"

int main(int argc, char** argv) {
  using namespace litebench;
  if (argc < 2) return 64;
  std::map<std::uint64_t, double> costs;
  std::unordered_map<std::uint64_t, double> seconds;
  for (const auto& path : store::shards_of(argv[1])) {
    const auto contents = store::visit_shard(path, [&](store::Bundle&& bundle) {
      seconds[std::uint64_t{bundle.commit.bundle_id}] =
          1e-9 * static_cast<double>(bundle.commit.duration_ns);
    });
    for (const store::PlannedBundle& planned : contents.plan) {
      if (planned.pass == store::Pass::accuracy)
        costs[std::uint64_t{planned.bundle_id}] = evaluate::predicted_cost(planned);
    }
  }
  fmt::print("# cost (of the run's model), seconds\n");
  for (const auto& [bundle, cost] : costs) {
    if (const auto found = seconds.find(bundle); found != seconds.end())
      fmt::print("{:g} {:.4f}\n", cost, found->second);
  }
}
