// The kernels of the decoder's rows against the same threads on the CPU, which tests/kernels/decoder_rows compares with the
// composition of ATen's: norm and rotation to the last bit, SiLU within what the two exponential functions differ.
// Not run on a GPU so far.

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>

#include "tests/model/cuda/fixture.hpp"
#include "tests/support/decoder_threads.hpp"

namespace litebench::test {
namespace {

const c10::Device kGpu(c10::DeviceType::CUDA, 0);
constexpr std::int64_t kRows = 131;

class CudaDecoderRows : public CudaKernels, public testing::WithParamInterface<at::ScalarType> {
 protected:
  static at::Tensor random(at::IntArrayRef shape) { return at::randn(shape).to(GetParam()); }
};

TEST_P(CudaDecoderRows, AreNormedToTheLastBit) {
  for (const std::int64_t width : {8, 64, 512, 2104, 4096}) {
    const at::Tensor x = random({kRows, width}), weight = random({width});
    const at::Tensor found = rms_norm(module(), x.to(kGpu), weight.to(kGpu), 1e-5);
    EXPECT_TRUE(at::equal(found.cpu(), rms_norm_by_threads(x, weight, 1e-5))) << width;
  }
}

TEST_P(CudaDecoderRows, AreRotatedToTheLastBit) {
  for (const auto& [heads, head_dim] : {std::pair{4, 16}, {8, 64}, {32, 128}, {3, 48}}) {
    const at::Tensor q = random({kRows, heads, head_dim}), k = random({kRows, heads, head_dim});
    const at::Tensor cos = random({kRows, 1, head_dim / 2}), sin = random({kRows, 1, head_dim / 2});
    const auto found = rotary(module(), q.to(kGpu), k.to(kGpu), cos.to(kGpu), sin.to(kGpu));
    EXPECT_TRUE(at::equal(found.first.cpu(), rotary_by_threads(q, cos, sin))) << heads;
    EXPECT_TRUE(at::equal(found.second.cpu(), rotary_by_threads(k, cos, sin))) << heads;
  }
}

TEST_P(CudaDecoderRows, AreGated) {
  for (const std::int64_t width : {8, 176, 1376, 11008}) {
    const at::Tensor gate = random({kRows, width}), up = random({kRows, width});
    const at::Tensor ones = at::ones_like(up);
    const at::Tensor plain = swiglu(module(), gate.to(kGpu), ones.to(kGpu)).cpu();
    const at::Tensor wanted = swiglu_by_threads(gate, ones);
    if (GetParam() == at::kFloat) {
      EXPECT_TRUE(at::allclose(plain, wanted, 1e-5, 0)) << width;
    } else {
      EXPECT_LE(most_steps(plain, wanted), 1) << width;
    }
    const at::Tensor found = swiglu(module(), gate.to(kGpu), up.to(kGpu)).cpu();
    EXPECT_TRUE(at::equal(found, at::mul(plain, up))) << width;
  }
}

TEST_P(CudaDecoderRows, OfBrokenPacksAreRefused) {
  const at::Tensor x = random({2, 9}).to(kGpu), one = random({9}).to(kGpu);
  EXPECT_THROW(rms_norm(module(), x, one, 1e-5), std::exception);
  EXPECT_THROW(swiglu(module(), one, one), std::exception);
  const at::Tensor heads = random({2, 1, 10}).to(kGpu), angles = random({2, 1, 5}).to(kGpu);
  EXPECT_THROW(rotary(module(), heads, heads, angles, angles), std::exception);
}

INSTANTIATE_TEST_SUITE_P(Types, CudaDecoderRows, testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& type) { return std::string(at::toString(type.param)); });

}  // namespace
}  // namespace litebench::test
