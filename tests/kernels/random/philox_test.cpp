// Known answers: kat_vectors of the Random123 distribution, lines "philox4x32 10".
#include "kernels/random/philox.hpp"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

using Block = std::array<std::uint32_t, 4>;

TEST(Philox, GivesThePublishedKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t f = 0xffffffff;
  EXPECT_EQ(philox4x32({f, f, f, f}, {f, f}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, AStreamIsTheBlocksOfItsCounter) {
  PhiloxStream stream(0x0000000200000001, 0x0000000400000003);
  for (std::uint32_t block = 0; block < 3; ++block) {
    for (const std::uint32_t expected : philox4x32({block, 0, 3, 4}, {1, 2}))
      EXPECT_EQ(stream.next(), expected);
  }
}

TEST(Philox, StreamsOfOneKeyDiffer) {
  std::set<std::uint32_t> first;
  for (std::uint64_t stream = 0; stream < 1000; ++stream)
    first.insert(PhiloxStream(17, stream).next());
  EXPECT_EQ(first.size(), 1000u);
}

TEST(Philox, BelowReachesEveryValueEquallyOften) {
  PhiloxStream stream(7);
  constexpr std::uint32_t kN = 5;
  constexpr int kDraws = 100'000;
  std::vector<int> counts(kN);
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.below(kN));
  double chi2 = 0;
  for (const int count : counts)
    chi2 += (count - kDraws / 5.0) * (count - kDraws / 5.0) / (kDraws / 5.0);
  EXPECT_LT(chi2, 18.5) << "0.1 % quantile of chi-squared with 4 degrees of freedom";
  EXPECT_EQ(stream.below(1), 0u);
}

TEST(Philox, BelowIsUnbiasedWhereAModuloIsNot) {
  // 3 * 2^30: a modulo would give the lowest third twice as often as the others.
  PhiloxStream stream(7);
  constexpr std::uint32_t kN = 0xC0000000;
  int low = 0;
  constexpr int kDraws = 30'000;
  for (int i = 0; i < kDraws; ++i) low += stream.below(kN) < kN / 3 ? 1 : 0;
  EXPECT_NEAR(low, kDraws / 3, 4 * 82) << "4 standard deviations";
}

TEST(Philox, UniformStaysBelowOne) {
  PhiloxStream stream(3);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const float u = stream.uniform();
    ASSERT_GE(u, 0.0F);
    ASSERT_LT(u, 1.0F);
    sum += u;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.012);
}

}  // namespace
}  // namespace litebench::kernels
