#pragma once
// One rank's loop: ask for a group of bundles, prepare the next one meanwhile, compute, commit.

#include <array>
#include <functional>

#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/evaluate/supervision.hpp"
#include "shards/handout/handout.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

struct WorkLoop {
  const Plan& plan;
  std::function<PreparedImage(const BundlePlan&)> prepare;  ///< thread-safe
  std::array<EvaluationPass*, 2> passes;                    ///< by store::Pass
  handout::Handout& handout;                                ///< of indices into plan.groups
  store::ShardWriter& shard;
  std::function<bool()> told_to_stop;
  Supervision* supervision = nullptr;  ///< none: nobody has to know what is in work

  /// Until the work runs out or somebody asks to stop; then the group in flight is finished and
  /// everybody is told.
  void run();
};

}  // namespace litebench::evaluate
