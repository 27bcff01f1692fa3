#include "model/prune/lots.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/random/philox.hpp"

namespace litebench::prune {
namespace {

constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

}  // namespace

std::vector<std::int64_t> by_lot(const SampleKey& key, std::int64_t patches, std::uint32_t tag) {
  const auto seed = static_cast<std::uint64_t>(key.seed);
  std::vector<std::pair<std::uint64_t, std::int64_t>> lots;
  for (std::int64_t patch = 0; patch < patches; ++patch) {
    const auto bits = kernels::philox4x32(
        std::array<std::uint32_t, 4>{static_cast<std::uint32_t>(patch), low(key.sample_id),
                                     high(key.sample_id), tag},
        std::array<std::uint32_t, 2>{low(seed), high(seed)});
    lots.emplace_back(std::uint64_t{bits[0]} << 32 | bits[1], patch);
  }
  std::sort(lots.begin(), lots.end());
  std::vector<std::int64_t> order;
  for (const auto& [number, patch] : lots) order.push_back(patch);
  return order;
}

}  // namespace litebench::prune
