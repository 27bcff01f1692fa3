#pragma once
// Methods from outside (`plan:FILE`, `torchscript:FILE`, `plugin:FILE`): from a variant to a pruner.
// Plans lie in HDF5, which model/ does not know, so this is where the two meet.

#include <map>
#include <memory>
#include <string>

#include <c10/core/Device.h>

#include "harness/config/config.hpp"
#include "model/prune/outside/plugin_pruner.hpp"
#include "model/prune/outside/script_pruner.hpp"
#include "model/prune/pruner.hpp"
#include "shards/plans/plan_file.hpp"

namespace litebench::evaluate {

/// Fills in the hash of every method's file, which its id and the run's keys are made of. Throws
/// Error{io} for a file that cannot be read, Error{usage} when two variants come out the same.
void read_contents(config::Config& config);

/// Opens each file once, for however many budgets.
class OutsideMethods {
 public:
  /// `device`: where scripted modules are loaded to.
  explicit OutsideMethods(c10::Device device) : device_(device) {}

  /// Throws Error{usage, data, io} when the file is not what the method says.
  [[nodiscard]] std::shared_ptr<const prune::Pruner> make(const unit::Variant& variant);

 private:
  std::shared_ptr<const prune::Pruner> make_plan(const unit::Variant& variant);

  c10::Device device_;
  std::map<std::string, std::shared_ptr<const plans::PlanFile>> plans_;
  std::map<std::string, std::shared_ptr<const prune::Script>> scripts_;
  std::map<std::string, std::shared_ptr<const prune::Plugin>> plugins_;
};

}  // namespace litebench::evaluate
