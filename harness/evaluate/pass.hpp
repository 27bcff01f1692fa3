#pragma once
// What both passes are made of, and the interface the run loop calls.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
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
  /// All rows of each of some bundles of one split and protocol, computed together. `prepared`: one
  /// each. Failures of a bundle are rows; Error and c10 errors that escape concern the process.
  [[nodiscard]] virtual std::vector<store::Bundle> run_group(
      std::span<const BundlePlan> bundles, std::span<const PreparedImage> prepared) = 0;
  /// One bundle alone.
  [[nodiscard]] store::Bundle run(const BundlePlan& bundle, const PreparedImage& prepared) {
    return std::move(run_group({&bundle, 1}, {&prepared, 1}).front());
  }
};

/// One image on its way through a pass.
struct ImageWork {
  const BundlePlan& bundle;
  const PreparedImage& prepared;
  BundleRows& rows;
};

/// What both passes share: a picture that cannot be decoded costs its own rows, memory that does
/// not suffice those of all images that were computed together.
class GuardedPass : public EvaluationPass {
 public:
  GuardedPass(const PassContext& context, store::Pass pass)
      : context_(context), runs_(runs_of(context.config, pass)) {}

  [[nodiscard]] std::vector<store::Bundle> run_group(std::span<const BundlePlan> bundles,
                                                     std::span<const PreparedImage> prepared) final;

 protected:
  /// The rows of every unit of at least one image, under c10::InferenceMode.
  virtual void evaluate(std::span<const ImageWork> images) = 0;

  [[nodiscard]] const PassContext& context() const { return context_; }
  [[nodiscard]] const std::vector<VariantRun>& runs() const { return runs_; }
  [[nodiscard]] const protocol::Protocol& protocol_of(const BundlePlan& bundle) const {
    return context_.config.protocols[static_cast<std::size_t>(bundle.row.protocol)];
  }

 private:
  /// Evaluates. Why there was too little memory, if there was.
  [[nodiscard]] std::optional<std::string> memory_problem(std::span<const ImageWork> images);
  /// Rows of all bundles; those of undecodable pictures are complete.
  [[nodiscard]] std::vector<BundleRows> begin_rows(std::span<const BundlePlan> bundles,
                                                   std::span<const PreparedImage> prepared) const;
  [[nodiscard]] std::vector<store::Bundle> out_of_memory(std::span<const BundlePlan> bundles,
                                                         std::span<const PreparedImage> prepared,
                                                         std::string_view problem) const;
  [[nodiscard]] static std::vector<store::Bundle> finish(std::vector<BundleRows>& rows,
                                                         std::int64_t begin_ns,
                                                         std::int64_t duration_ns);

  PassContext context_;
  std::vector<VariantRun> runs_;
};

/// Towers shared by all variants, prefill packed over variants and samples. Its rows carry no
/// per-unit times.
std::unique_ptr<EvaluationPass> make_accuracy_pass(const PassContext& context);

/// Why a device cannot do what passes.latency.cuda_graph asks for.
Error no_graphs(const measure::DeviceInfo& device);

/// One variant at a time, batch 1, variants interleaved in a seeded order per image. Throws no_graphs().
std::unique_ptr<EvaluationPass> make_latency_pass(const PassContext& context);

}  // namespace litebench::evaluate
