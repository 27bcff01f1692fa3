#pragma once
// What processes tell of CUDA graphs, beside what they measured: entries of Process::environment.

namespace litebench::analysis {

/// Stages that timed runs replayed, "clip, prefill, sam, mask"; not there: none.
inline constexpr const char* kGraphStages = "CUDA graphs";
/// Variants of the process whose prefill was none of them: its shapes are decided inside of the model.
inline constexpr const char* kPrefillWithoutGraph = "prefill without CUDA graph";

}  // namespace litebench::analysis
