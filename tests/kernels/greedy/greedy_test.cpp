// Oracles: the toy of pruners.md §8.8, whose picks were computed in plain Python apart from this
// program, and definitions spelled out by brute force.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/greedy/dpp.hpp"
#include "kernels/greedy/max_min.hpp"
#include "kernels/greedy/parity_halving.hpp"

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;
constexpr std::int64_t kToy = 12;

/// Cosines of the toy's patches in double, rounded to 12 decimals, so that mathematically equal
/// ones are equal.
std::vector<float> toy_cosines() {
  const auto x = [](std::int64_t i, std::int64_t j) {
    return static_cast<double>((7 * i + 3 * j + i * j) % 11 - 5);
  };
  const auto dot = [&](std::int64_t a, std::int64_t b) {
    double sum = 0;
    for (std::int64_t j = 0; j < 4; ++j) sum += x(a, j) * x(b, j);
    return sum;
  };
  std::vector<float> cosines;
  for (std::int64_t a = 0; a < kToy; ++a) {
    for (std::int64_t b = 0; b < kToy; ++b) {
      const double cosine = dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
      cosines.push_back(static_cast<float>(std::round(cosine * 1e12) / 1e12));
    }
  }
  return cosines;
}

std::vector<float> distances(std::vector<float> cosines) {
  for (float& value : cosines) value = 1 - value;
  return cosines;
}

/// Cosines of n random vectors of dimension d.
std::vector<float> random_cosines(std::int64_t n, std::int64_t d, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> x(static_cast<std::size_t>(n));
  for (auto& row : x) {
    double sum = 0;
    for (std::int64_t j = 0; j < d; ++j) {
      row.push_back(normal(generator));
      sum += row.back() * row.back();
    }
    for (double& value : row) value /= std::sqrt(sum);
  }
  std::vector<float> cosines;
  for (const auto& a : x) {
    for (const auto& b : x) {
      double dot = 0;
      for (std::size_t j = 0; j < a.size(); ++j) dot += a[j] * b[j];
      cosines.push_back(static_cast<float>(dot));
    }
  }
  return cosines;
}

double determinant(std::vector<std::vector<double>> m) {
  double result = 1;
  for (std::size_t c = 0; c < m.size(); ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < m.size(); ++r) {
      if (std::abs(m[r][c]) > std::abs(m[pivot][c])) pivot = r;
    }
    if (pivot != c) {
      std::swap(m[pivot], m[c]);
      result = -result;
    }
    result *= m[c][c];
    for (std::size_t r = c + 1; r < m.size(); ++r) {
      const double factor = m[r][c] / m[c][c];
      for (std::size_t k = c; k < m.size(); ++k) m[r][k] -= factor * m[c][k];
    }
  }
  return result;
}

TEST(MaxMin, PicksTheToyAsComputedByHand) {
  const auto d = distances(toy_cosines());
  EXPECT_EQ(max_min_selection(d.data(), kToy, 5), (Indices{1, 5, 7, 6, 10}));
}

TEST(MaxMin, EveryPickIsFarthestFromAllEarlierOnes) {
  constexpr std::int64_t n = 60;
  const auto d = distances(random_cosines(n, 8, 1));
  const Indices picks = max_min_selection(d.data(), n, n);
  EXPECT_EQ(std::set<std::int64_t>(picks.begin(), picks.end()).size(), 60U);
  for (std::size_t step = 1; step < picks.size(); ++step) {
    const auto nearest = [&](std::int64_t item) {
      float least = 9;
      for (std::size_t s = 0; s < step; ++s) least = std::min(least, d[picks[s] * n + item]);
      return least;
    };
    for (std::size_t later = step; later < picks.size(); ++later) {
      EXPECT_GE(nearest(picks[step]), nearest(picks[later]));
    }
  }
}

TEST(MaxMin, StaysDistinctAmongDuplicatesAndNan) {
  std::vector<float> zero(36, 0.0F);
  EXPECT_EQ(max_min_selection(zero.data(), 6, 6), (Indices{0, 1, 2, 3, 4, 5}));
  zero[7] = zero[8] = std::numeric_limits<float>::quiet_NaN();
  const Indices picks = max_min_selection(zero.data(), 6, 6);
  EXPECT_EQ(std::set<std::int64_t>(picks.begin(), picks.end()).size(), 6U);
}

TEST(Dpp, EveryPickEnlargesTheDeterminantMost) {
  constexpr std::int64_t n = 14;
  const auto s = random_cosines(n, 20, 2);
  std::vector<float> relevance;
  for (std::int64_t i = 0; i < n; ++i)
    relevance.push_back(0.2F + 0.05F * static_cast<float>(i % 7));
  const Indices picks = dpp_selection(s.data(), relevance.data(), n, 8);
  for (std::size_t step = 0; step < picks.size(); ++step) {
    std::int64_t best = -1;
    double most = -1;
    for (std::int64_t candidate = 0; candidate < n; ++candidate) {
      Indices chosen(picks.begin(), picks.begin() + static_cast<std::ptrdiff_t>(step));
      if (std::find(chosen.begin(), chosen.end(), candidate) != chosen.end()) continue;
      chosen.push_back(candidate);
      std::vector<std::vector<double>> sub;
      for (const std::int64_t a : chosen) {
        sub.emplace_back();
        for (const std::int64_t b : chosen) {
          sub.back().push_back(static_cast<double>(relevance[a]) * s[a * n + b] * relevance[b]);
        }
      }
      if (const double value = determinant(sub); value > most) {
        most = value;
        best = candidate;
      }
    }
    EXPECT_EQ(picks[step], best) << step;
  }
}

TEST(Dpp, StaysDistinctBeyondTheRank) {
  const auto s = random_cosines(40, 3, 3);
  const std::vector<float> one(40, 1.0F);
  const Indices picks = dpp_selection(s.data(), one.data(), 40, 40);
  EXPECT_EQ(std::set<std::int64_t>(picks.begin(), picks.end()).size(), 40U);
}

TEST(Dpp, IsNotMaxMinEvenWithEqualRelevance) {
  const auto s = random_cosines(40, 6, 4);
  const auto d = distances(s);
  const std::vector<float> one(40, 1.0F);
  Indices a = dpp_selection(s.data(), one.data(), 40, 6), b = max_min_selection(d.data(), 40, 6);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  EXPECT_NE(a, b);
}

TEST(ParityHalving, ShrinksTheToyAsComputedByHand) {
  const auto cosines = toy_cosines();
  // The nine patches that are not important, by descending attention ((5i mod 12) + 1) / 78.
  const Indices rest = {4, 11, 6, 1, 8, 3, 10, 5, 0};
  Indices two = parity_halving(cosines.data(), kToy, rest, 3, 2);
  std::sort(two.begin(), two.end());
  EXPECT_EQ(two, (Indices{3, 5, 11}));
  EXPECT_EQ(parity_halving(cosines.data(), kToy, rest, 3, 8), (Indices{11, 1, 5}));
}

TEST(ParityHalving, ReachesEveryLengthForEveryStep) {
  const auto cosines = random_cosines(31, 5, 5);
  Indices all;
  for (std::int64_t i = 0; i < 31; ++i) all.push_back(i);
  for (const std::int64_t step : {1, 8, 100}) {
    for (std::int64_t keep = 0; keep <= 31; ++keep) {
      const Indices kept = parity_halving(cosines.data(), 31, all, keep, step);
      EXPECT_EQ(std::ssize(kept), keep);
      EXPECT_EQ(std::set<std::int64_t>(kept.begin(), kept.end()).size(), kept.size());
    }
  }
}

TEST(ParityHalving, RemovesTheEvenOneThatHasATwin) {
  std::vector<float> similarity(16, 0.0F);
  similarity[2 * 4 + 1] = similarity[1 * 4 + 2] = 0.9F;  // positions 1 (odd) and 2 (even)
  EXPECT_EQ(parity_halving(similarity.data(), 4, {0, 1, 2, 3}, 3, 8), (Indices{0, 1, 3}));
}

}  // namespace
}  // namespace litebench::kernels
