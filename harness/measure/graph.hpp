#pragma once
// Work that a device records once and then does again by itself, without the host choosing and launching every kernel: a
// CUDA graph.

#include <functional>
#include <memory>
#include <stdexcept>

namespace litebench::measure {

class Graph {
 public:
  virtual ~Graph() = default;
  /// Queues what was recorded. It reads the tensors that were read, where they lay, and writes those that were made.
  virtual void replay() = 0;
};

/// The device could not record; what it said.
class GraphError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class GraphRecorder {
 public:
  virtual ~GraphRecorder() = default;
  /// Calls `work`, maybe more than once, and records its last call. It neither copies between host and device nor waits;
  /// what it reads stays alive as long as the graph does, and so does what it captures: replay() may call it. Throws
  /// GraphError; c10::OutOfMemoryError.
  virtual std::unique_ptr<Graph> record(const std::function<void()>& work) = 0;
};

}  // namespace litebench::measure
