#pragma once
// Independent pieces of work on several threads.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace litebench {

/// Calls work(i) for i in 0 … count − 1, each once, in any order, on `threads` threads (0: as many as the process may use).
/// `work` must write to places of its own. The first exception is thrown again when all threads have stopped.
template <typename Work>
void parallel_for(std::size_t count, std::int32_t threads, Work work) {
  const auto available = static_cast<std::int32_t>(std::thread::hardware_concurrency());
  const std::int32_t wanted = threads > 0 ? threads : available;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto loop = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::int32_t t = 1; t < wanted && static_cast<std::size_t>(t) < count; ++t) {
      helpers.emplace_back(loop);
    }
    loop();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace litebench
