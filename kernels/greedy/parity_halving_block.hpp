#pragma once
// parity_halving by one block of threads: the same list. Only comparisons decide, so the order of the work does not.

#include <limits>

#include "kernels/greedy/block.hpp"

namespace litebench::kernels {

inline constexpr float kUnlikeAll = -std::numeric_limits<float>::infinity();

/// What the threads share about a list.
struct Halving {
  std::int32_t *list, *next;  ///< [length] each
  float* closest;             ///< [half of length, rounded up]
  float* parts;               ///< [threads]
};

/// How similar the entry at an even position is to the most similar of every `lanes`-th entry at an odd one.
LB_HOST_DEVICE inline float closest_odd(const float* row, const std::int32_t* list,
                                        std::int32_t length, std::int32_t lane,
                                        std::int32_t lanes) {
  float most = kUnlikeAll;
  for (std::int32_t j = 2 * lane + 1; j < length; j += 2 * lanes) {
    most = most < row[list[j]] ? row[list[j]] : most;
  }
  return most;
}

/// `similarity`: [n, n]; `list`: [length]; `out`: [keep], 0 < keep <= length.
template <typename Block>
LB_HOST_DEVICE inline void parity_halving_block(Block& block, const float* similarity,
                                                std::int32_t n, const std::int64_t* list,
                                                std::int32_t length, std::int32_t keep,
                                                std::int32_t step, Halving shared,
                                                std::int64_t* out) {
  block.each([&](std::int32_t thread) {
    own_items(block, thread, length,
              [&](std::int32_t i) { shared.list[i] = static_cast<std::int32_t>(list[i]); });
  });
  while (length > keep) {
    const std::int32_t even = (length + 1) / 2;
    std::int32_t removed = length - keep < step ? length - keep : step;
    if (even < removed) removed = even;
    each_row(
        block, even, shared.parts,
        [&](std::int32_t row, std::int32_t lane, std::int32_t lanes) {
          return closest_odd(similarity + std::int64_t{shared.list[2 * row]} * n, shared.list,
                             length, lane, lanes);
        },
        [&](std::int32_t row, const float* shares, std::int32_t lanes) {
          float most = shares[0];
          for (std::int32_t lane = 1; lane < lanes; ++lane) {
            if (most < shares[lane]) most = shares[lane];
          }
          shared.closest[row] = most;
        });
    block.each([&](std::int32_t thread) {
      own_items(block, thread, length, [&](std::int32_t i) {
        if (i % 2 == 1) {
          shared.next[even - removed + i / 2] = shared.list[i];
          return;
        }
        const std::int64_t place = how_many_before(shared.closest, 0, even, shared.closest[i / 2],
                                                   i / 2, Best::largest, Ties::lower);
        if (place >= removed) shared.next[place - removed] = shared.list[i];
      });
    });
    length -= removed;
    std::int32_t* const before = shared.list;
    shared.list = shared.next;
    shared.next = before;
  }
  block.each([&](std::int32_t thread) {
    own_items(block, thread, keep, [&](std::int32_t i) { out[i] = shared.list[i]; });
  });
}

}  // namespace litebench::kernels
