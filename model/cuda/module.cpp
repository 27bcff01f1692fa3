// The CUDA half's functions, and the table through which the program finds them.

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "model/cuda/graph.hpp"
#include "model/cuda/guarded.hpp"
#include "model/cuda/interface.hpp"
#include "model/cuda/probe.hpp"
#ifdef LITEBENCH_HAS_NCCL
#include "model/cuda/nccl.hpp"
#endif

namespace litebench::cuda {

std::string& last_error_text() {
  thread_local std::string text;
  return text;
}

namespace {

int device_count(int* count) {
  return guarded([&] { check(cudaGetDeviceCount(count), "cudaGetDeviceCount"); });
}

int set_device(int device) {
  return guarded([&] { check(cudaSetDevice(device), "cudaSetDevice"); });
}

int describe(int device, DeviceDescription* out) {
  return guarded([&] {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    *out = {};
    const std::size_t length = strnlen(properties.name, sizeof out->name - 1);
    std::memcpy(out->name, properties.name, length);
    out->total_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
    out->capability = 10 * properties.major + properties.minor;
    check(cudaDriverGetVersion(&out->driver_version), "cudaDriverGetVersion");
    check(cudaRuntimeGetVersion(&out->runtime_version), "cudaRuntimeGetVersion");
    check(cudaDeviceGetPCIBusId(out->pci_bus_id, sizeof out->pci_bus_id, device),
          "cudaDeviceGetPCIBusId");
    static_assert(sizeof properties.uuid == sizeof out->uuid);
    std::memcpy(out->uuid, &properties.uuid, sizeof out->uuid);
  });
}

int probe(int device, int* compiled_for) {
  return guarded([&] {
    int before = 0;
    check(cudaGetDevice(&before), "cudaGetDevice");
    check(cudaSetDevice(device), "cudaSetDevice");
    *compiled_for = probe_current_device();
    check(cudaSetDevice(before), "cudaSetDevice");
  });
}

int synchronize() {
  return guarded([] { check(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); });
}

using Allocator = c10::cuda::CUDACachingAllocator::CUDAAllocator;

// The allocator knows a device only after LibTorch's first use of it.
Allocator& allocator_of(int device) {
  Allocator& allocator = *c10::cuda::CUDACachingAllocator::get();
  int devices = 0;
  check(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
  if (device < 0 || device >= devices)
    throw std::runtime_error("there is no device " + std::to_string(device));
  allocator.init(devices);
  return allocator;
}

int memory(int device, MemoryStatistics* out) {
  return guarded([&] {
    const auto statistics =
        allocator_of(device).getDeviceStats(static_cast<c10::DeviceIndex>(device));
    const auto& all_pools =
        statistics
            .allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
    *out = {.current_bytes = all_pools.current, .peak_bytes = all_pools.peak};
  });
}

int reset_peak(int device) {
  return guarded(
      [&] { allocator_of(device).resetPeakStats(static_cast<c10::DeviceIndex>(device)); });
}

int event_create(void** event) {
  return guarded([&] {
    cudaEvent_t made = nullptr;
    check(cudaEventCreate(&made), "cudaEventCreate");
    *event = made;
  });
}

int event_record(void* event) {
  return guarded([&] {
    check(cudaEventRecord(static_cast<cudaEvent_t>(event),
                          c10::cuda::getCurrentCUDAStream().stream()),
          "cudaEventRecord");
  });
}

int event_elapsed_ms(void* begin, void* end, double* milliseconds) {
  return guarded([&] {
    check(cudaEventSynchronize(static_cast<cudaEvent_t>(end)), "cudaEventSynchronize");
    float elapsed = 0;
    check(cudaEventElapsedTime(&elapsed, static_cast<cudaEvent_t>(begin),
                               static_cast<cudaEvent_t>(end)),
          "cudaEventElapsedTime");
    *milliseconds = elapsed;
  });
}

void event_destroy(void* event) { cudaEventDestroy(static_cast<cudaEvent_t>(event)); }

template <typename Launch>
int queue(int (*launcher)(const Launch&, CUstream_st*), const Launch& launch, const char* name) {
  return guarded([&] {
    check(static_cast<cudaError_t>(launcher(launch, c10::cuda::getCurrentCUDAStream().stream())),
          name);
  });
}

int mask_scores(const kernels::MaskScoreLaunch* launch) {
  return queue(kernels::launch_mask_scores, *launch, "scoring masks");
}

int topk(const kernels::TopkLaunch* launch) {
  return queue(kernels::launch_topk, *launch, "ranking scores");
}

int resample(const kernels::ResamplePass* pass) {
  return queue(kernels::launch_resample, *pass, "resizing pictures");
}

int rms_norm(const kernels::RmsNormLaunch* launch) {
  return queue(kernels::launch_rms_norm, *launch, "norming rows");
}

int rotary(const kernels::RotaryLaunch* launch) {
  return queue(kernels::launch_rotary, *launch, "rotating queries and keys");
}

int swiglu(const kernels::SwigluLaunch* launch) {
  return queue(kernels::launch_swiglu, *launch, "gating rows");
}

int gather_rows(const kernels::GatherRowsLaunch* launch) {
  return queue(kernels::launch_gather_rows, *launch, "gathering rows");
}

int max_min(const kernels::MaxMinLaunch* launch) {
  return queue(kernels::launch_max_min, *launch, "picking the farthest");
}

int dpp(const kernels::DppLaunch* launch) {
  return queue(kernels::launch_dpp, *launch, "picking by determinants");
}

int parity_halving(const kernels::ParityHalvingLaunch* launch) {
  return queue(kernels::launch_parity_halving, *launch, "removing near-duplicates");
}

constexpr Interface kInterface{
    .version = kInterfaceVersion,
    .last_error = [] { return last_error_text().c_str(); },
    .device_count = device_count,
    .set_device = set_device,
    .describe = describe,
    .probe = probe,
    .synchronize = synchronize,
    .memory = memory,
    .reset_peak = reset_peak,
    .event_create = event_create,
    .event_record = event_record,
    .event_elapsed_ms = event_elapsed_ms,
    .event_destroy = event_destroy,
    .mask_scores = mask_scores,
    .topk = topk,
    .resample = resample,
    .rms_norm = rms_norm,
    .rotary = rotary,
    .swiglu = swiglu,
    .gather_rows = gather_rows,
    .max_min = max_min,
    .dpp = dpp,
    .parity_halving = parity_halving,
#ifdef LITEBENCH_HAS_NCCL
    .nccl_make_id = nccl_make_id,
    .nccl_open = nccl_open,
    .nccl_broadcast = nccl_broadcast,
    .nccl_close = nccl_close,
#endif
    .graph_open = graph_open,
    .graph_begin = graph_begin,
    .graph_end = graph_end,
    .graph_replay = graph_replay,
    .graph_close = graph_close,
};

}  // namespace
}  // namespace litebench::cuda

extern "C" __attribute__((visibility("default"))) const litebench::cuda::Interface*
litebench_cuda_interface() {
  return &litebench::cuda::kInterface;
}
