#include "model/cuda/nccl.hpp"

#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "model/cuda/guarded.hpp"
#include "model/cuda/interface.hpp"

namespace litebench::cuda {
namespace {

using Clock = std::chrono::steady_clock;
static_assert(sizeof(ncclUniqueId) == kNcclIdBytes);

constexpr auto kPollInterval = std::chrono::milliseconds(1);

Clock::time_point deadline_in(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void check_nccl(ncclResult_t result, const char* call) {
  if (result != ncclSuccess && result != ncclInProgress) {
    throw std::runtime_error(std::string(call) + ": " + ncclGetErrorString(result));
  }
}

// A communicator is non-blocking, so that a rank which never comes costs a time-out instead of a hang. After any
// failure it can only be aborted.
class Communicator {
 public:
  Communicator(const ncclUniqueId& id, int rank, int ranks, Clock::time_point deadline) {
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    const ncclResult_t started = ncclCommInitRankConfig(&comm_, ranks, id, rank, &config);
    try {
      check_nccl(started, "ncclCommInitRankConfig");
      wait_until_ready(deadline, "ncclCommInitRankConfig");
    } catch (...) {
      abort();
      throw;
    }
  }

  ~Communicator() {
    if (comm_ == nullptr) return;
    try {
      check_nccl(ncclCommFinalize(comm_), "ncclCommFinalize");
      wait_until_ready(deadline_in(10), "ncclCommFinalize");
      ncclCommDestroy(comm_);
    } catch (const std::exception&) {
      abort();
    }
  }

  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  void broadcast(void* memory, std::size_t bytes, Clock::time_point deadline) {
    if (comm_ == nullptr)
      throw std::runtime_error("ncclBroadcast: the communicator was aborted before");
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream().stream();
    try {
      check_nccl(ncclBroadcast(memory, memory, bytes, ncclUint8, 0, comm_, stream),
                 "ncclBroadcast");
      wait_until_ready(deadline, "ncclBroadcast");
      wait_for_stream(stream, deadline);
    } catch (...) {
      abort();
      throw;
    }
  }

 private:
  void wait_until_ready(Clock::time_point deadline, const char* call) {
    for (;;) {
      ncclResult_t state = ncclSuccess;
      check_nccl(ncclCommGetAsyncError(comm_, &state), "ncclCommGetAsyncError");
      check_nccl(state, call);
      if (state == ncclSuccess) return;
      pause_before(deadline, call);
    }
  }

  // Polls instead of cudaStreamSynchronize: a peer that died leaves the kernel spinning forever.
  void wait_for_stream(cudaStream_t stream, Clock::time_point deadline) {
    for (;;) {
      const cudaError_t state = cudaStreamQuery(stream);
      if (state == cudaSuccess) return;
      if (state != cudaErrorNotReady) check(state, "cudaStreamQuery");
      ncclResult_t error = ncclSuccess;
      check_nccl(ncclCommGetAsyncError(comm_, &error), "ncclCommGetAsyncError");
      check_nccl(error, "ncclBroadcast");
      pause_before(deadline, "ncclBroadcast");
    }
  }

  static void pause_before(Clock::time_point deadline, const char* call) {
    if (Clock::now() > deadline) {
      throw std::runtime_error(std::string(call) +
                               ": timed out; a rank is missing, dead, or cannot reach the others");
    }
    std::this_thread::sleep_for(kPollInterval);
  }

  void abort() noexcept {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
  }

  ncclComm_t comm_ = nullptr;
};

}  // namespace

int nccl_make_id(std::uint8_t* id) {
  return guarded([&] {
    ncclUniqueId made;
    check_nccl(ncclGetUniqueId(&made), "ncclGetUniqueId");
    std::memcpy(id, &made, sizeof made);
  });
}

int nccl_open(const std::uint8_t* id, int rank, int ranks, double timeout_seconds,
              void** communicator) {
  return guarded([&] {
    ncclUniqueId shared;
    std::memcpy(&shared, id, sizeof shared);
    *communicator =
        std::make_unique<Communicator>(shared, rank, ranks, deadline_in(timeout_seconds)).release();
  });
}

int nccl_broadcast(void* communicator, void* device_memory, std::size_t bytes,
                   double timeout_seconds) {
  return guarded([&] {
    static_cast<Communicator*>(communicator)
        ->broadcast(device_memory, bytes, deadline_in(timeout_seconds));
  });
}

void nccl_close(void* communicator) { delete static_cast<Communicator*>(communicator); }

}  // namespace litebench::cuda
