#include "model/cuda/guarded.hpp"
#include "model/cuda/probe.hpp"

namespace litebench::cuda {
namespace {

__global__ void report_architecture([[maybe_unused]] int* out) {
#ifdef __CUDA_ARCH__
  *out = __CUDA_ARCH__;
#endif
}

}  // namespace

int probe_current_device() {
  int* on_device = nullptr;
  check(cudaMalloc(&on_device, sizeof(int)), "cudaMalloc");
  report_architecture<<<1, 1>>>(on_device);
  const cudaError_t launched = cudaGetLastError();
  int architecture = 0;
  const cudaError_t copied =
      cudaMemcpy(&architecture, on_device, sizeof architecture, cudaMemcpyDeviceToHost);
  cudaFree(on_device);
  check(launched, "launching a kernel");
  check(copied, "reading a kernel's result");
  return architecture;
}

}  // namespace litebench::cuda
