#pragma once
// What a run needs to know of its device: what it is, how long things take on it, how much memory
// they took.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <c10/core/Device.h>

#include "harness/measure/device_state.hpp"
#include "harness/measure/graph.hpp"

namespace litebench::measure {

struct DeviceInfo {
  std::string kind;  ///< "cpu" or "cuda"
  std::string name;
  std::int64_t total_bytes = 0;  ///< of the GPU's memory; of the machine's on CPU
  std::string driver, runtime;   ///< CUDA versions such as "13.0"; empty on CPU
  std::string untold;  ///< a sentence on what state() will lack and why; empty on CPU, which tells nothing anyway
};

struct MemoryUse {
  std::int64_t current_bytes = 0;  ///< in live tensors
  std::int64_t peak_bytes = 0;     ///< highest since the last reset
};

/// Points in the device's time line. A mark costs next to nothing and waits for nothing; only
/// reading a duration waits, so read after the last mark.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::size_t mark() = 0;  ///< counts from 0
  [[nodiscard]] virtual double milliseconds(std::size_t begin, std::size_t end) = 0;
  virtual void clear() = 0;  ///< forgets the marks, keeps what they were made of
};

/// Not thread-safe: one per rank, used by the thread that computes.
class Device {
 public:
  virtual ~Device() = default;
  [[nodiscard]] virtual c10::Device torch_device() const = 0;
  [[nodiscard]] virtual DeviceInfo info() const = 0;
  virtual void synchronize() = 0;
  [[nodiscard]] virtual MemoryUse memory() const = 0;
  virtual void reset_peak() = 0;
  /// Clock, temperature, throttling and energy as the device tells them. May take a tenth of a millisecond.
  [[nodiscard]] virtual DeviceState state() const { return {}; }
  /// Gives memory that no tensor owns back to the driver; nothing on CPU.
  virtual void empty_cache() = 0;
  [[nodiscard]] virtual std::unique_ptr<Clock> make_clock() const = 0;
  /// Null: the device has no graphs.
  [[nodiscard]] virtual std::unique_ptr<GraphRecorder> make_graph_recorder() const {
    return nullptr;
  }
};

/// Installs the counting CPU allocator; open it before the model makes its first tensor.
std::unique_ptr<Device> open_cpu_device();

/// Loads the CUDA half, selects device `index` and runs a kernel on it. Throws Error{usage} when
/// there is no such device or this build has no code for it.
std::unique_ptr<Device> open_cuda_device(int index);

}  // namespace litebench::measure
