#pragma once
// What both passes are made of, and the interface the run loop calls.

#include <memory>
#include <string_view>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/bundle_rows.hpp"
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
  /// All rows of one bundle. Failures of the bundle are rows; Error and c10 errors that escape
  /// concern the process.
  [[nodiscard]] virtual store::Bundle run(const BundlePlan& bundle,
                                          const PreparedImage& prepared) = 0;
};

/// What both passes share: a picture that cannot be decoded and memory that does not suffice become
/// rows.
class GuardedPass : public EvaluationPass {
 public:
  GuardedPass(const PassContext& context, store::Pass pass)
      : context_(context), runs_(runs_of(context.config, pass)) {}

  [[nodiscard]] store::Bundle run(const BundlePlan& bundle, const PreparedImage& prepared) final;

 protected:
  /// The rows of every unit, under c10::InferenceMode.
  virtual void evaluate(const BundlePlan& bundle, const PreparedImage& prepared,
                        BundleRows& rows) = 0;

  [[nodiscard]] const PassContext& context() const { return context_; }
  [[nodiscard]] const std::vector<VariantRun>& runs() const { return runs_; }
  [[nodiscard]] const protocol::Protocol& protocol_of(const BundlePlan& bundle) const {
    return context_.config.protocols[static_cast<std::size_t>(bundle.row.protocol)];
  }

 private:
  [[nodiscard]] store::Bundle failed(const BundlePlan& bundle, const PreparedImage& prepared,
                                     store::Status status, std::string_view error) const;

  PassContext context_;
  std::vector<VariantRun> runs_;
};

/// Towers shared by all variants, prefill packed over variants and samples. Its rows carry no
/// per-unit times.
std::unique_ptr<EvaluationPass> make_accuracy_pass(const PassContext& context);

/// One variant at a time, batch 1, variants interleaved in a seeded order per image.
std::unique_ptr<EvaluationPass> make_latency_pass(const PassContext& context);

}  // namespace litebench::evaluate
