#pragma once

#include <cstddef>
#include <cstdint>

namespace litebench::cuda {

int nccl_make_id(std::uint8_t* id);
int nccl_open(const std::uint8_t* id, int rank, int ranks, double timeout_seconds,
              void** communicator);
int nccl_broadcast(void* communicator, void* device_memory, std::size_t bytes,
                   double timeout_seconds);
void nccl_close(void* communicator);

}  // namespace litebench::cuda
