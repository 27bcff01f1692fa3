#pragma once
// Which graph belongs to which stage of which variant, and when it is recorded again: the host's half of
// passes.latency.cuda_graph. Knows no CUDA; measure::GraphRecorder does.

#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/measure/graph.hpp"
#include "shards/store/rows.hpp"

namespace litebench::evaluate {

using Tensors = std::vector<at::Tensor>;

/// One graph for every stage and variant, of the shapes that it saw last: a conversation is timed to its end before the
/// next one comes, so older ones would only hold memory. Not thread-safe.
class StageGraphs {
 public:
  enum class Mode : std::uint8_t {
    record,  ///< what has no graph of its inputs' shapes gets one
    replay   ///< nothing is recorded: a recording inside of a timed run would be in its time
  };

  /// `recorder` is borrowed.
  explicit StageGraphs(measure::GraphRecorder& recorder) : recorder_(recorder) {}

  void set(Mode mode) { mode_ = mode; }

  /// What `work(inputs)` gives, from a replay into whose inputs these are copied; it is overwritten by the next one of
  /// this stage and variant. `work` keeps to GraphRecorder's rules and depends on nothing but `inputs` and what `variant`
  /// stands for. Throws measure::GraphError with the stage's name where the device cannot record it, and
  /// prune::MethodFailure where a timed run has other shapes than were recorded.
  template <typename Work>
  auto run(store::Stage stage, const std::string& variant, const Tensors& inputs, Work work) {
    using Output = decltype(work(inputs));
    Slot& slot =
        prepare(stage, variant, inputs, [work](const Tensors& in) { return std::any(work(in)); });
    slot.graph->replay();
    return std::any_cast<Output>(slot.output);
  }

  [[nodiscard]] std::int64_t recordings() const { return recordings_; }

 private:
  struct Slot {
    Tensors inputs;   ///< that the graph reads
    std::any output;  ///< that it writes
    std::unique_ptr<measure::Graph> graph;
  };
  using Work = std::function<std::any(const Tensors&)>;

  /// The stage's graph with `inputs` in place.
  Slot& prepare(store::Stage stage, const std::string& variant, const Tensors& inputs,
                const Work& work);
  void record(Slot& slot, store::Stage stage, const std::string& variant, const Tensors& inputs,
              const Work& work);

  measure::GraphRecorder& recorder_;
  Mode mode_ = Mode::record;
  std::map<std::pair<store::Stage, std::string>, Slot> slots_;
  std::int64_t recordings_ = 0;
};

}  // namespace litebench::evaluate
