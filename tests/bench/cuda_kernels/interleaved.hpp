#pragma once
// A kernel of the CUDA half against a rival on one GPU: wall time of the call with everything it queues, interleaved rounds, best
// of each.

#include <algorithm>
#include <functional>
#include <string>

#include <fmt/core.h>

#include "harness/measure/clock.hpp"
#include "tests/support/cuda_kernels.hpp"
#include "tests/support/ratios.hpp"

namespace litebench::test {

inline constexpr int kRounds = 30, kWarmUp = 3;

/// Best times of two ways to the same thing, in ns.
struct Times {
  double rival = 1e18, own = 1e18;
};

inline Times interleaved(const cuda::Interface& module, const std::function<void()>& rival,
                         const std::function<void()>& own) {
  const auto time = [&](const std::function<void()>& work) {
    measure::check_cuda(module, module.synchronize(), "waiting");
    const measure::Stopwatch watch;
    work();
    measure::check_cuda(module, module.synchronize(), "waiting");
    return static_cast<double>(watch.elapsed_ns());
  };
  Times best;
  for (int round = 0; round < kRounds + kWarmUp; ++round) {
    const Times now{time(rival), time(own)};
    if (round < kWarmUp) continue;
    best = {std::min(best.rival, now.rival), std::min(best.own, now.own)};
  }
  return best;
}

inline at::TensorOptions on_device(at::ScalarType type) {
  return at::TensorOptions(c10::Device(c10::DeviceType::CUDA, 0)).dtype(type);
}

/// `what`, e.g. "glamm-7b, top k": has to be as fast as its rival and the same as on the CPU.
inline void report(Ratios& ratios, const std::string& what, const Times& times, bool same) {
  ratios.add(what + ": rival / own", times.rival / times.own, 1);
  ratios.add(what + ": as on the CPU", same ? 1 : 0, 1);
}

}  // namespace litebench::test
