#pragma once
// How long something takes, for benches.

#include <ctime>

namespace litebench::test {

/// Seconds of work(): of processor time with one thread, which bears a busy machine; else of the wall, which needs an idle one.
template <typename Work>
double seconds(int threads, const Work& work) {
  const clockid_t clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const auto now = [clock] {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  work();
  return now() - start;
}

}  // namespace litebench::test
