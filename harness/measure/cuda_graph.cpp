#include "harness/measure/cuda_graph.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "harness/measure/cuda_module.hpp"

namespace litebench::measure {
namespace {

class CudaGraph final : public Graph {
 public:
  explicit CudaGraph(const cuda::Interface& module) : module_(module) {
    check_cuda(module_, module_.graph_open(&graph_), "making a CUDA graph");
  }
  ~CudaGraph() override { module_.graph_close(graph_); }
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  void record(const std::function<void()>& work) {
    require(module_.graph_begin(graph_), "it does not begin");
    try {
      work();
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const c10::Error& error) {
      throw GraphError(error.what_without_backtrace());
    } catch (const std::exception& error) {
      throw GraphError(error.what());
    }
    require(module_.graph_end(graph_), "it does not end");
  }
  void replay() override {
    check_cuda(module_, module_.graph_replay(graph_), "replaying a CUDA graph");
  }

 private:
  void require(int code, const char* problem) const {
    if (code != 0) throw GraphError(fmt::format("{}: {}", problem, module_.last_error()));
  }

  const cuda::Interface& module_;
  void* graph_ = nullptr;
};

}  // namespace

std::unique_ptr<Graph> CudaGraphRecorder::record(const std::function<void()>& work) {
  auto graph = std::make_unique<CudaGraph>(module_);
  work();
  graph->record(work);
  return graph;
}

}  // namespace litebench::measure
