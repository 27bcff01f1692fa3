#pragma once
// CUDA graphs through the CUDA half. Not run on a GPU so far: tests bring a table of their own functions.

#include "harness/measure/graph.hpp"
#include "model/cuda/interface.hpp"

namespace litebench::measure {

class CudaGraphRecorder final : public GraphRecorder {
 public:
  /// `module` is borrowed by the recorder and by its graphs.
  explicit CudaGraphRecorder(const cuda::Interface& module) : module_(module) {}

  /// Calls `work` twice: libraries choose kernels and take their memory in the first call.
  std::unique_ptr<Graph> record(const std::function<void()>& work) override;

 private:
  const cuda::Interface& module_;
};

}  // namespace litebench::measure
