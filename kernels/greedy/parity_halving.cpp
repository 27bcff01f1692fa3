#include "kernels/greedy/parity_halving.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "kernels/select/stable_topk.hpp"

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;

/// Entries at positions first, first + 2, ….
Indices every_second(const Indices& list, std::size_t first) {
  Indices half;
  for (std::size_t i = first; i < list.size(); i += 2) half.push_back(list[i]);
  return half;
}

/// Largest of row[to[i]]. Four chains of comparisons hide their latency, which is most of the time
/// that a selection takes.
float largest(const float* row, const Indices& to) {
  constexpr std::size_t kChains = 4;
  std::array<float, kChains> most;
  most.fill(-std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + kChains <= to.size(); i += kChains) {
    for (std::size_t c = 0; c < kChains; ++c) most[c] = std::max(most[c], row[to[i + c]]);
  }
  for (; i < to.size(); ++i) most[0] = std::max(most[0], row[to[i]]);
  return *std::max_element(most.begin(), most.end());
}

std::vector<float> closest(const float* similarity, std::int64_t n, const Indices& from,
                           const Indices& to) {
  std::vector<float> best;
  for (const std::int64_t x : from) best.push_back(largest(similarity + x * n, to));
  return best;
}

}  // namespace

Indices parity_halving(const float* similarity, std::int64_t n, Indices list, std::int64_t keep,
                       std::int64_t step) {
  assert(step > 0 && 0 <= keep && keep <= static_cast<std::int64_t>(list.size()));
  if (keep == 0) return {};
  while (static_cast<std::int64_t>(list.size()) > keep) {
    const Indices even = every_second(list, 0), odd = every_second(list, 1);
    const Indices order = stable_argsort(closest(similarity, n, even, odd), Best::largest);
    const std::int64_t removed = std::min({step, static_cast<std::int64_t>(list.size()) - keep,
                                           static_cast<std::int64_t>(even.size())});
    list.clear();
    for (auto i = static_cast<std::size_t>(removed); i < order.size(); ++i) {
      list.push_back(even[static_cast<std::size_t>(order[i])]);
    }
    list.insert(list.end(), odd.begin(), odd.end());
  }
  return list;
}

}  // namespace litebench::kernels
