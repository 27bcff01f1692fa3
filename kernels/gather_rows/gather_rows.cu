// One output row of all tables a block. Tables are small (a row of states is 8 KiB in GLaMM-7B), so what is saved is
// launches.

#include <cuda_runtime_api.h>

#include <limits>

#include "kernels/gather_rows/gather_rows_cuda.hpp"

namespace litebench::kernels {
namespace {

constexpr int kThreads = 128;

// A constant argument, so that indexing the tables copies none of them to the stack.
__global__ void __launch_bounds__(kThreads)
    gather(const __grid_constant__ GatherRowsLaunch launch) {
  const std::int64_t from = launch.index[blockIdx.x];
  if (from < 0 || from >= launch.in_rows) __trap();
  copy_share(launch.tables, launch.count, from, blockIdx.x, static_cast<int>(threadIdx.x),
             kThreads);
}

bool sound(const GatherRowsLaunch& launch) {
  if (launch.count < 1 || launch.count > kMostTables) return false;
  for (int i = 0; i < launch.count; ++i) {
    const RowTable& table = launch.tables[i];
    const auto places =
        reinterpret_cast<std::uintptr_t>(table.in) | reinterpret_cast<std::uintptr_t>(table.out);
    if (table.packs < 1 || places % sizeof(Sixteen) != 0) return false;
  }
  return launch.rows > 0 && launch.rows <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

int launch_gather_rows(const GatherRowsLaunch& launch, CUstream_st* stream) {
  if (launch.rows == 0) return cudaSuccess;
  if (!sound(launch)) return cudaErrorInvalidValue;
  gather<<<static_cast<unsigned>(launch.rows), kThreads, 0, stream>>>(launch);
  return cudaGetLastError();
}

}  // namespace litebench::kernels
