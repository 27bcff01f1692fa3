// The greedy selections of the CUDA half against the CPU's, pick by pick, where inputs are equal. Skipped without a GPU; what their threads do
// is tested on the CPU too (tests/kernels/greedy/block_test.cpp). Not run on a GPU so far.

#include <gtest/gtest.h>

#include "kernels/greedy/dpp.hpp"
#include "kernels/greedy/max_min.hpp"
#include "kernels/greedy/parity_halving.hpp"
#include "tests/model/cuda/fixture.hpp"
#include "tests/support/greedy_inputs.hpp"

namespace litebench::kernels {
namespace {

using CudaKernels = test::CudaKernels;

/// The pictures' products, one after the other.
std::vector<float> products_of(std::int64_t pictures, std::int64_t n, std::uint32_t values,
                               bool with_nan) {
  std::vector<float> out;
  for (std::uint32_t picture = 0; picture < pictures; ++picture) {
    for (const float x : test::products(n, 64, values, picture, with_nan)) out.push_back(x);
  }
  return out;
}

TEST_F(CudaKernels, PickGreedilyWhatTheReferencePicksForEveryPicture) {
  constexpr std::int64_t kPictures = 3;
  for (const std::int64_t n : {1, 40, 576, 1025}) {
    const std::vector<float> relevance = test::relevances(kPictures * n);
    const at::Tensor relevance_there = test::on_gpu(relevance, {kPictures, n});
    for (const std::uint32_t values : {2U, 100'000U}) {
      const std::vector<float> of = products_of(kPictures, n, values, values == 2);
      const at::Tensor there = test::on_gpu(of, {kPictures, n, n});
      for (const std::int64_t k : {std::int64_t{1}, (n + 2) / 3}) {
        std::vector<std::int64_t> farthest, volume;
        for (std::int64_t picture = 0; picture < kPictures; ++picture) {
          const float* own = of.data() + picture * n * n;
          for (const std::int64_t i : max_min_selection(own, n, k)) farthest.push_back(i);
          for (const std::int64_t i : dpp_selection(own, relevance.data() + picture * n, n, k)) {
            volume.push_back(i);
          }
        }
        SCOPED_TRACE(testing::Message() << k << " of " << n << ", " << values << " values");
        EXPECT_EQ(test::on_cpu<std::int64_t>(test::max_min(module(), there, k)), farthest);
        EXPECT_EQ(test::on_cpu<std::int64_t>(test::dpp(module(), there, relevance_there, k)),
                  volume);
      }
    }
  }
}

TEST_F(CudaKernels, RemoveTheNearDuplicatesThatTheReferenceRemoves) {
  constexpr std::int64_t kPictures = 2, n = 576, kKept = 58;
  for (const std::uint32_t values : {2U, 100'000U}) {
    const std::vector<float> of = products_of(kPictures, n, values, values == 2);
    const at::Tensor there = test::on_gpu(of, {kPictures, n, n});
    for (const std::int64_t length : {n, std::int64_t{475}, kKept}) {
      std::vector<std::int64_t> lists;
      for (std::int64_t i = 0; i < kPictures * length; ++i) lists.push_back((5 * i) % n);
      const at::Tensor lists_there = test::on_gpu(lists, {kPictures, length});
      for (const std::int64_t step : {1, 8, 1000}) {
        std::vector<std::int64_t> wanted;
        for (std::int64_t picture = 0; picture < kPictures; ++picture) {
          const auto begin = lists.begin() + picture * length;
          const float* own = of.data() + picture * n * n;
          for (const std::int64_t i :
               parity_halving(own, n, {begin, begin + length}, kKept, step)) {
            wanted.push_back(i);
          }
        }
        EXPECT_EQ(test::on_cpu<std::int64_t>(
                      test::parity_halving(module(), there, lists_there, kKept, step)),
                  wanted)
            << length << " by " << step << ", " << values << " values";
      }
    }
  }
}

TEST_F(CudaKernels, RefuseToPickMoreThanThereIs) {
  const at::Tensor two = test::on_gpu(test::products(2, 4, 9, 1), {1, 2, 2});
  EXPECT_THROW(test::max_min(module(), two, 3), std::exception);
  EXPECT_THROW(test::dpp(module(), two, two.select(1, 0), 3), std::exception);
}

}  // namespace
}  // namespace litebench::kernels
