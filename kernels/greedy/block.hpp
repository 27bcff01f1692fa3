#pragma once
// Greedy selection by one block of a device's threads, in phases: within a phase no thread reads what another one writes,
// and between phases all wait for each other. A `Block` has threads(), a power of two, and each(phase), which calls phase(thread)
// for every thread: a device all at once and then a barrier, a test one after the other, in any order.

#include <cstdint>

#include "kernels/host_device.hpp"
#include "kernels/select/better.hpp"

namespace litebench::kernels {

/// An item on the way to the best one; a negative index is none.
template <typename Real>
struct Candidate {
  Real score;
  std::int32_t item;
};

/// Whether a goes before b in best_free's order: NaN below everything, equal scores by index. Nobody before somebody.
template <typename Real>
LB_HOST_DEVICE inline bool goes_before(const Candidate<Real>& a, const Candidate<Real>& b) {
  if (a.item < 0 || b.item < 0) return a.item >= 0 && b.item < 0;
  return better(a.score, a.item, b.score, b.item, Best::largest, Ties::lower);
}

/// What the threads share about n items. Thread t alone touches score and taken of items t, t + threads, ….
template <typename Real>
struct Race {
  Real* score;            ///< [n]
  bool* taken;            ///< [n]
  Candidate<Real>* best;  ///< [threads]
};

/// Calls work(item) for each of a thread's own items.
template <typename Block, typename Work>
LB_HOST_DEVICE inline void own_items(const Block& block, std::int32_t thread, std::int32_t n,
                                     const Work& work) {
  for (std::int32_t i = thread; i < n; i += block.threads()) work(i);
}

/// best_free by all threads. The order is total, so how the threads are paired does not matter.
template <typename Block, typename Real>
LB_HOST_DEVICE inline Candidate<Real> find_best(Block& block, const Race<Real>& race,
                                                std::int32_t n) {
  block.each([&](std::int32_t thread) {
    Candidate<Real> best{0, -1};
    own_items(block, thread, n, [&](std::int32_t i) {
      const Candidate<Real> own{race.score[i], i};
      if (!race.taken[i] && goes_before(own, best)) best = own;
    });
    race.best[thread] = best;
  });
  for (std::int32_t half = block.threads() / 2; half > 0; half /= 2) {
    block.each([&](std::int32_t thread) {
      if (thread < half && goes_before(race.best[thread + half], race.best[thread])) {
        race.best[thread] = race.best[thread + half];
      }
    });
  }
  return race.best[0];
}

/// Shares the work on every row among neighbouring threads, which read neighbouring numbers: parts[thread] =
/// share(row, lane, lanes), then done(row, its parts, lanes) by one of them. `parts`: [threads].
template <typename Block, typename Part, typename Share, typename Done>
LB_HOST_DEVICE inline void each_row(Block& block, std::int32_t rows, Part* parts,
                                    const Share& share, const Done& done) {
  constexpr std::int32_t kWarp = 32;
  const std::int32_t lanes = block.threads() < kWarp ? block.threads() : kWarp;
  for (std::int32_t first = 0; first < rows; first += block.threads() / lanes) {
    block.each([&](std::int32_t thread) {
      const std::int32_t row = first + thread / lanes;
      if (row < rows) parts[thread] = share(row, thread % lanes, lanes);
    });
    block.each([&](std::int32_t thread) {
      const std::int32_t row = first + thread / lanes;
      if (row < rows && thread % lanes == 0) done(row, parts + thread, lanes);
    });
  }
}

}  // namespace litebench::kernels
