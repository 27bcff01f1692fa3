#pragma once
// One variant of one conversation as a deployed model would run it: batch 1, nothing shared with
// other variants, every stage timed. The latency pass repeats it; a test compares its masks with
// those of the accuracy pass.

#include <memory>
#include <vector>

#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/scoring.hpp"
#include "harness/evaluate/stage_graphs.hpp"
#include "harness/evaluate/stage_timer.hpp"
#include "model/prune/ledger.hpp"

namespace litebench::evaluate {

struct SingleRun {
  std::vector<ScoredMask> masks;  ///< Q
  std::unique_ptr<prune::TokenLedger> ledger;
  StageTimes stage_ns{};
  std::int64_t total_ns = 0;          ///< first stage's begin to last stage's end
  std::int64_t peak_bytes_llm = 0;    ///< during prefill, above what was allocated before it
  std::int64_t peak_bytes_total = 0;  ///< during the whole run, above what was allocated before it
};

/// Reads and decodes the picture anew. Throws Error{io, data} when that fails. Callers hold
/// c10::InferenceMode. `clock`: of the context's device; its marks are forgotten. `compute`: upstream also does what
/// the reference does in vain, its three emptied caches and its wait for the device included; masks are the same but for
/// pixels whose logit is next to zero. `graphs`: from which the stages clip, sam, mask and, where the method cuts nothing
/// inside of the model, prefill come; compute is lean then, and both peaks are those of the other stages and of copies.
SingleRun run_single(const PassContext& context, const PlannedMethod& method,
                     const refer::Image& image, const PreparedSample& sample,
                     const protocol::Protocol& protocol, measure::Clock& clock,
                     model::Compute compute = model::Compute::lean, StageGraphs* graphs = nullptr);

/// Whether the prefill's shapes are known before it begins, so that it can come from a graph.
bool has_fixed_prefill(const PlannedMethod& method, const model::Geometry& geometry);

}  // namespace litebench::evaluate
