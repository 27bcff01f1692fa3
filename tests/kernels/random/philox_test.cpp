#include "kernels/random/philox.hpp"

#include <gtest/gtest.h>

namespace litebench::kernels {
namespace {

// Known answers: kat_vectors of Random123 1.14 (the generator's authors), lines "philox4x32 10".
TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {
  EXPECT_EQ(philox4x32(PhiloxCounter{0, 0, 0, 0}, PhiloxKey{0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32(PhiloxCounter{kOnes, kOnes, kOnes, kOnes}, PhiloxKey{kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32(PhiloxCounter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       PhiloxKey{0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, SplitsIndexAndKeyIntoWordsLowestFirst) {
  EXPECT_EQ(philox4x32(0x85a308d3243f6a88, 0x299f31d0a4093822),
            philox4x32(PhiloxCounter{0x243f6a88, 0x85a308d3, 0, 0}, PhiloxKey{0xa4093822, 0x299f31d0}));
}

}  // namespace
}  // namespace litebench::kernels
