#pragma once
// Independent pieces of work on several threads.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace litebench {

/// How many threads parallel_for takes; none for nothing.
inline std::size_t threads_for(std::size_t count, std::int32_t threads) {
  const std::size_t available = std::max(1U, std::thread::hardware_concurrency());
  return std::min(threads > 0 ? static_cast<std::size_t>(threads) : available, count);
}

/// Calls work(i) for i in 0 … count − 1, each once, in any order, on `threads` threads (0: as many as the process may use).
/// `work` must write to places of its own. The first exception is thrown again when all threads have stopped.
template <typename Work>
void parallel_for(std::size_t count, std::int32_t threads, Work work) {
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
    for (std::size_t t = 1; t < threads_for(count, threads); ++t) helpers.emplace_back(loop);
    loop();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace litebench
