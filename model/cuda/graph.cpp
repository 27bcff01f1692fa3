// CUDA graphs through LibTorch, so that its allocator keeps a graph's memory apart and its libraries get workspaces that
// stay. Compiled, and not run on a GPU so far.

#include "model/cuda/graph.hpp"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <memory>

#include "model/cuda/guarded.hpp"

namespace litebench::cuda {
namespace {

void synchronize() { check(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }

/// Recorded on a stream of its own, which capture needs, and replayed on whichever is current. Memory: a pool that no
/// other graph shares, because graphs are replayed in another order than they were recorded in.
class RecordedGraph {
 public:
  RecordedGraph() : before_(c10::cuda::getCurrentCUDAStream()) {
    synchronize();
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
  }
  ~RecordedGraph() {
    leave();
    cudaDeviceSynchronize();  // a replay may be under way; if it failed, the next call says so
  }
  RecordedGraph(const RecordedGraph&) = delete;
  RecordedGraph& operator=(const RecordedGraph&) = delete;

  void begin() {
    synchronize();
    // Of this thread alone: the one that prepares pictures may allocate meanwhile.
    graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    state_ = State::recording;
  }
  void end() {
    state_ = State::open;
    graph_.capture_end();
    leave();
    synchronize();
  }
  void replay() { graph_.replay(); }

 private:
  enum class State { open, recording, left };

  /// Back to the stream that was current before. A recording that failed ends, without a result.
  void leave() noexcept {
    if (state_ == State::left) return;
    try {
      if (state_ == State::recording) graph_.capture_end();
    } catch (const std::exception&) {
      cudaGetLastError();  // what broke the recording was told by the call that did
    }
    c10::cuda::setCurrentCUDAStream(before_);
    state_ = State::left;
  }

  c10::cuda::CUDAStream before_;
  at::cuda::CUDAGraph graph_;
  State state_ = State::open;
};

RecordedGraph& graph_of(void* graph) { return *static_cast<RecordedGraph*>(graph); }

}  // namespace

int graph_open(void** graph) {
  return guarded([&] { *graph = std::make_unique<RecordedGraph>().release(); });
}

int graph_begin(void* graph) {
  return guarded([&] { graph_of(graph).begin(); });
}

int graph_end(void* graph) {
  return guarded([&] { graph_of(graph).end(); });
}

int graph_replay(void* graph) {
  return guarded([&] { graph_of(graph).replay(); });
}

void graph_close(void* graph) { delete static_cast<RecordedGraph*>(graph); }

}  // namespace litebench::cuda
