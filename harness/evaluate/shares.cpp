#include "harness/evaluate/shares.hpp"

#include <cmath>
#include <numeric>

namespace litebench::evaluate {

std::vector<std::int64_t> shares(std::int64_t total, std::span<const std::int64_t> weights) {
  const auto sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<std::int64_t> parts;
  double reached = 0;
  std::int64_t given = 0;
  for (const std::int64_t weight : weights) {
    reached +=
        sum > 0 ? static_cast<double>(weight) / sum : 1 / static_cast<double>(weights.size());
    const bool last = parts.size() + 1 == weights.size();
    const std::int64_t until = last ? total : std::llround(static_cast<double>(total) * reached);
    parts.push_back(until - given);
    given = until;
  }
  return parts;
}

}  // namespace litebench::evaluate
