#pragma once
// The border between the program and its CUDA half (liblitebench_cuda.so), which is loaded only where a device is.
// Plain C types: the program includes this header without CUDA's. Not run on a GPU so far.
//
// Every function returns 0, or another number and leaves a sentence in last_error() of the calling thread.

#include <cstddef>
#include <cstdint>

#include "kernels/decoder_rows/decoder_rows_cuda.hpp"
#include "kernels/gather_rows/gather_rows_cuda.hpp"
#include "kernels/greedy/greedy_cuda.hpp"
#include "kernels/maskscore/maskscore_cuda.hpp"
#include "kernels/resample/resample_cuda.hpp"
#include "kernels/select/topk_cuda.hpp"

namespace litebench::cuda {

/// Raised whenever anything below changes; a module of another number is refused.
inline constexpr int kInterfaceVersion = 7;
inline constexpr std::size_t kNcclIdBytes = 128;

struct DeviceDescription {
  char name[256];
  std::int64_t total_bytes;
  int capability;      ///< 10 × major + minor, e.g. 90
  int driver_version;  ///< as CUDA counts: 13000 is 13.0
  int runtime_version;
  char pci_bus_id[32];  ///< e.g. 0000:3B:00.0
  std::uint8_t uuid[16];
};

/// LibTorch's caching allocator, bytes in live tensors (not what it holds in reserve).
struct MemoryStatistics {
  std::int64_t current_bytes;
  std::int64_t peak_bytes;
};

struct Interface {
  int version;
  const char* (*last_error)();

  int (*device_count)(int* count);
  int (*set_device)(int device);
  int (*describe)(int device, DeviceDescription* out);
  /// Runs one kernel of this module: tells "no kernel image for this device" before the run does. `compiled_for` is
  /// the architecture whose code ran, e.g. 900; below the device's own it came from PTX or an older binary.
  int (*probe)(int device, int* compiled_for);
  int (*synchronize)();

  int (*memory)(int device, MemoryStatistics* out);
  int (*reset_peak)(int device);

  /// Events on the current stream of the current device.
  int (*event_create)(void** event);
  int (*event_record)(void* event);
  int (*event_elapsed_ms)(void* begin, void* end, double* milliseconds);  ///< waits for `end`
  void (*event_destroy)(void* event);

  /// Kernels of litebench's own, queued on the current stream of the current device.
  int (*mask_scores)(const kernels::MaskScoreLaunch* launch);
  int (*topk)(const kernels::TopkLaunch* launch);
  int (*resample)(const kernels::ResamplePass* pass);
  int (*rms_norm)(const kernels::RmsNormLaunch* launch);
  int (*rotary)(const kernels::RotaryLaunch* launch);
  int (*swiglu)(const kernels::SwigluLaunch* launch);
  int (*gather_rows)(const kernels::GatherRowsLaunch* launch);
  int (*max_min)(const kernels::MaxMinLaunch* launch);
  int (*dpp)(const kernels::DppLaunch* launch);
  int (*parity_halving)(const kernels::ParityHalvingLaunch* launch);

  /// Broadcast of weights, rank 0 to all; all four null in a build without NCCL. The caller carries rank 0's id to the
  /// others and makes sure beforehand that every rank has a device: NCCL reports its absence late and badly.
  /// Waiting ends with an error after `timeout_seconds` or when NCCL reports one; the communicator is aborted then.
  int (*nccl_make_id)(std::uint8_t id[kNcclIdBytes]);
  int (*nccl_open)(const std::uint8_t id[kNcclIdBytes], int rank, int ranks, double timeout_seconds,
                   void** communicator);
  int (*nccl_broadcast)(void* communicator, void* device_memory, std::size_t bytes,
                        double timeout_seconds);
  void (*nccl_close)(void* communicator);

  /// A CUDA graph with memory of its own. From opening until the recording ends (or closing) a stream of its own is the
  /// current one; what runs on it before the recording begins warms libraries up. Replays are queued on the current
  /// stream. Opening, both ends of a recording and closing wait for the device.
  int (*graph_open)(void** graph);
  int (*graph_begin)(void* graph);
  int (*graph_end)(void* graph);
  int (*graph_replay)(void* graph);
  void (*graph_close)(void* graph);
};

/// The module's only symbol: `const Interface* litebench_cuda_interface()`.
inline constexpr const char* kEntryPoint = "litebench_cuda_interface";

}  // namespace litebench::cuda
