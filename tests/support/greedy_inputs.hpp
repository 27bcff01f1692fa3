#pragma once
// What greedy selections choose from, for the tests of their threads and of their CUDA kernels.

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace litebench::test {

/// [n, n] products of n random vectors of `size` coordinates with `values` values each: few give mostly ties, and from `size` picks on
/// only rounding noise tells determinants apart. With NaN at some places where that is wanted.
inline std::vector<float> products(std::int64_t n, std::int64_t size, std::uint32_t values,
                                   std::uint32_t seed, bool with_nan = false) {
  std::mt19937 random(seed);
  std::vector<float> x(static_cast<std::size_t>(n * size)), out;
  for (float& value : x) {
    value = static_cast<float>(random() % values) / static_cast<float>(values) - 0.4F;
  }
  out.reserve(static_cast<std::size_t>(n * n));
  for (const float* a = x.data(); a != x.data() + n * size; a += size) {
    for (const float* b = x.data(); b != x.data() + n * size; b += size) {
      float sum = 0;
      for (std::int64_t j = 0; j < size; ++j) sum += a[j] * b[j];
      out.push_back(sum);
    }
  }
  for (std::size_t i = 3; with_nan && i < out.size(); i += 131) {
    out[i] = std::numeric_limits<float>::quiet_NaN();
  }
  return out;
}

/// Thirteen different ones, so that equal ones repeat.
inline std::vector<float> relevances(std::int64_t n) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; ++i) out.push_back(0.1F + 0.07F * static_cast<float>(i % 13));
  return out;
}

}  // namespace litebench::test
