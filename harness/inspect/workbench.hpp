#pragma once
// A model and chosen images, outside of any run: what `litebench dump` and `litebench show` work on.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/cli/inspect_options.hpp"
#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/measure/device.hpp"
#include "model/glamm.hpp"

namespace litebench::inspect {

class Workbench {
 public:
  /// Checks configuration, images and methods before weights are loaded. Throws what a run would,
  /// and Error{usage} for an image of no split or for a configuration of several protocols.
  explicit Workbench(const cli::InspectOptions& options);

  [[nodiscard]] const config::Config& config() const { return config_; }
  [[nodiscard]] const evaluate::Plan& plan() const { return plan_; }
  [[nodiscard]] const model::Glamm& glamm() const { return *glamm_; }
  [[nodiscard]] const std::vector<evaluate::PlannedMethod>& methods() const { return methods_; }
  [[nodiscard]] const protocol::Protocol& protocol() const { return config_.protocols.front(); }
  [[nodiscard]] const std::vector<evaluate::BundlePlan>& bundles() const { return bundles_; }
  [[nodiscard]] const evaluate::SplitPlan& split_of(const evaluate::BundlePlan& bundle) const;
  [[nodiscard]] evaluate::PassContext context() const;
  /// Throws Error{data} when the picture cannot be decoded.
  [[nodiscard]] evaluate::PreparedImage prepare(const evaluate::BundlePlan& bundle) const;

 private:
  config::Config config_;
  std::unique_ptr<measure::Device> device_;
  model::Geometry geometry_;
  std::vector<evaluate::PlannedMethod> methods_;
  std::unique_ptr<evaluate::Prompts> prompts_;
  evaluate::Plan plan_;
  std::vector<evaluate::BundlePlan> bundles_;  ///< accuracy bundles of the chosen images
  std::optional<model::Glamm> glamm_;
};

}  // namespace litebench::inspect
