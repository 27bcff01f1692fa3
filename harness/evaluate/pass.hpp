#pragma once
// What both passes are made of, and the interface the run loop calls.

#include <memory>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/measure/device.hpp"
#include "model/glamm.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

/// Everything that stays the same from bundle to bundle. Borrowed; outlives the passes.
struct PassContext {
  const config::Config& config;
  const Plan& plan;
  const model::Glamm& glamm;
  const std::vector<PlannedMethod>& methods;
  measure::Device& device;
  std::int64_t seg_token = 0;
  std::int16_t rank = 0;
};

class EvaluationPass {
 public:
  virtual ~EvaluationPass() = default;
  /// All rows of one bundle. Failures of single units are rows; Error and c10 errors that escape
  /// concern the process.
  [[nodiscard]] virtual store::Bundle run(const BundlePlan& bundle,
                                          const PreparedImage& prepared) = 0;
};

/// Towers shared by all variants, prefill packed over variants and samples. Its rows carry no
/// per-unit times.
std::unique_ptr<EvaluationPass> make_accuracy_pass(const PassContext& context);

/// One variant at a time, batch 1, variants interleaved in a seeded order per image.
std::unique_ptr<EvaluationPass> make_latency_pass(const PassContext& context);

}  // namespace litebench::evaluate
