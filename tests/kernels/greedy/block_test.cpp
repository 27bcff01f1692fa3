// What the threads of kernels/greedy/greedy.cu do, one after the other within every phase, forwards and backwards: where a
// thread read what another one writes in the same phase, the two would differ.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/greedy/dpp.hpp"
#include "kernels/greedy/dpp_block.hpp"
#include "kernels/greedy/max_min.hpp"
#include "kernels/greedy/max_min_block.hpp"
#include "kernels/greedy/parity_halving.hpp"
#include "kernels/greedy/parity_halving_block.hpp"
#include "tests/support/greedy_inputs.hpp"

namespace litebench::kernels {
namespace {

using Indices = std::vector<std::int64_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class WalkedBlock {
 public:
  WalkedBlock(std::int32_t threads, bool backwards) : threads_(threads), backwards_(backwards) {}
  [[nodiscard]] std::int32_t threads() const { return threads_; }

  template <typename Phase>
  void each(const Phase& phase) const {
    for (std::int32_t t = 0; t < threads_; ++t) phase(backwards_ ? threads_ - 1 - t : t);
  }

 private:
  std::int32_t threads_;
  bool backwards_;
};

/// Memory whose content is garbage at first, as on a device.
template <typename Real>
struct SharedMemory {
  SharedMemory(std::int32_t n, std::int32_t threads)
      : score(static_cast<std::size_t>(n), std::numeric_limits<Real>::quiet_NaN()),
        best(static_cast<std::size_t>(threads), {std::numeric_limits<Real>::quiet_NaN(), 7}),
        taken(std::make_unique<bool[]>(static_cast<std::size_t>(n))) {
    std::fill_n(taken.get(), n, true);
  }
  Race<Real> race() { return {score.data(), taken.get(), best.data()}; }

  std::vector<Real> score;
  std::vector<Candidate<Real>> best;
  std::unique_ptr<bool[]> taken;
};

Indices max_min_walked(WalkedBlock block, const std::vector<float>& distance, std::int32_t n,
                       std::int32_t k) {
  SharedMemory<float> memory(n, block.threads());
  std::vector<TwoSmallest> parts(static_cast<std::size_t>(block.threads()), {kNan, kNan});
  Indices out(static_cast<std::size_t>(k), -1);
  max_min_block(block, distance.data(), n, k, memory.race(), parts.data(), out.data());
  return out;
}

Indices dpp_walked(WalkedBlock block, const std::vector<float>& similarity,
                   const std::vector<float>& relevance, std::int32_t n, std::int32_t k) {
  SharedMemory<double> memory(n, block.threads());
  std::vector<double> rows(static_cast<std::size_t>(k * n), kNan);
  Indices out(static_cast<std::size_t>(k), -1);
  dpp_block(block, similarity.data(), relevance.data(), n, k, memory.race(), rows.data(),
            out.data());
  return out;
}

Indices halving_walked(WalkedBlock block, const std::vector<float>& similarity, std::int32_t n,
                       const Indices& list, std::int32_t keep, std::int32_t step) {
  const std::size_t length = list.size();
  std::vector<std::int32_t> before(length, -1), after(length, -1);
  std::vector<float> closest((length + 1) / 2, kNan);
  std::vector<float> parts(static_cast<std::size_t>(block.threads()), kNan);
  Indices out(static_cast<std::size_t>(keep), -1);
  parity_halving_block(block, similarity.data(), n, list.data(), static_cast<std::int32_t>(length),
                       keep, step, {before.data(), after.data(), closest.data(), parts.data()},
                       out.data());
  return out;
}

/// Calls check(block, n, k, products) for blocks, sizes and counts of picks of every kind.
template <typename Check>
void for_every_kind(const Check& check) {
  constexpr std::int64_t kSize = 12;
  for (const std::int32_t n : {1, 2, 33, 150}) {
    for (const std::uint32_t values : {2U, 1000U}) {
      for (const bool with_nan : {false, true}) {
        const std::vector<float> of = test::products(n, kSize, values, 5, with_nan);
        for (const std::int32_t k : {0, 1, (n + 2) / 3, n}) {
          for (const std::int32_t threads : {1, 8, 64, 1024}) {
            SCOPED_TRACE(testing::Message() << k << " of " << n << ", " << values << " values, "
                                            << threads << " threads, NaN " << with_nan);
            check(WalkedBlock(threads, false), n, k, of);
            check(WalkedBlock(threads, true), n, k, of);
          }
        }
      }
    }
  }
}

TEST(GreedyBlock, PicksTheFarthestLikeOneThread) {
  for_every_kind([](WalkedBlock block, std::int32_t n, std::int32_t k, const auto& distance) {
    EXPECT_EQ(max_min_walked(block, distance, n, k), max_min_selection(distance.data(), n, k));
  });
}

TEST(GreedyBlock, PicksByDeterminantsLikeOneThreadEvenBeyondTheRank) {
  for_every_kind([](WalkedBlock block, std::int32_t n, std::int32_t k, const auto& similarity) {
    const std::vector<float> relevance = test::relevances(n);
    EXPECT_EQ(dpp_walked(block, similarity, relevance, n, k),
              dpp_selection(similarity.data(), relevance.data(), n, k));
  });
}

TEST(GreedyBlock, RemovesNearDuplicatesLikeOneThread) {
  for_every_kind([](WalkedBlock block, std::int32_t n, std::int32_t keep, const auto& similarity) {
    if (keep == 0) return;  // needs no block
    Indices list;
    for (std::int32_t i = 0; i < n; ++i) list.push_back((7 * i + 3) % n);
    for (const std::int32_t step : {1, 8, n}) {
      EXPECT_EQ(halving_walked(block, similarity, n, list, keep, step),
                parity_halving(similarity.data(), n, list, keep, step));
    }
  });
}

TEST(GreedyBlock, DoesThePatchesOfAPicture) {
  constexpr std::int32_t kPatches = 576, kKept = 192;
  const WalkedBlock block(1024, false);
  const std::vector<float> of = test::products(kPatches, 256, 100'000, 6);
  const std::vector<float> relevance = test::relevances(kPatches);
  EXPECT_EQ(max_min_walked(block, of, kPatches, kKept),
            max_min_selection(of.data(), kPatches, kKept));
  EXPECT_EQ(dpp_walked(block, of, relevance, kPatches, kKept),
            dpp_selection(of.data(), relevance.data(), kPatches, kKept));
}

}  // namespace
}  // namespace litebench::kernels
