#include "harness/evaluate/stage_graphs.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "model/prune/answer/answer.hpp"

namespace litebench::evaluate {
namespace {

bool same_shapes(const Tensors& a, const Tensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const at::Tensor& x, const at::Tensor& y) {
                      return x.sizes() == y.sizes() && x.scalar_type() == y.scalar_type();
                    });
}

std::string place_of(store::Stage stage, const std::string& variant) {
  return variant.empty() ? fmt::format("stage {}", store::name_of(stage))
                         : fmt::format("stage {} of {}", store::name_of(stage), variant);
}

}  // namespace

StageGraphs::Slot& StageGraphs::prepare(store::Stage stage, const std::string& variant,
                                        const Tensors& inputs, const Work& work) {
  Slot& slot = slots_[{stage, variant}];
  const bool fits = slot.graph != nullptr && same_shapes(slot.inputs, inputs);
  if (!fits && mode_ == Mode::replay) {
    throw prune::MethodFailure(
        fmt::format("{} met other shapes in a timed run than before it, and a CUDA graph has one",
                    place_of(stage, variant)));
  }
  if (!fits) record(slot, stage, variant, inputs, work);
  for (std::size_t i = 0; i < inputs.size(); ++i) slot.inputs[i].copy_(inputs[i]);
  return slot;
}

void StageGraphs::record(Slot& slot, store::Stage stage, const std::string& variant,
                         const Tensors& inputs, const Work& work) {
  slot = {};  // its memory first
  for (const at::Tensor& input : inputs) slot.inputs.push_back(input.clone());
  try {
    // The slot stays where it is: a map's element.
    slot.graph = recorder_.record([&slot, work] { slot.output = work(slot.inputs); });
    ++recordings_;
  } catch (const measure::GraphError& error) {
    slot = {};
    throw measure::GraphError(fmt::format("{}: {}", place_of(stage, variant), error.what()));
  } catch (...) {
    slot = {};
    throw;
  }
}

}  // namespace litebench::evaluate
