// Rows of several tables gathered in one launch against ATen's index_select on the CPU, to the last bit. Not run on a GPU so far.

#include <ATen/ops/equal.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/randn.h>

#include "tests/model/cuda/fixture.hpp"

namespace litebench::test {
namespace {

using CudaGatherRows = CudaKernels;

TEST_F(CudaGatherRows, AreThoseOfIndexSelectInEveryTable) {
  const std::vector<std::int64_t> index{7, 0, 3, 3, 40, 1};
  const at::Tensor there = on_gpu(index, {std::ssize(index)});
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    std::vector<at::Tensor> tables;
    for (const std::int64_t width : {4096, 8, 520, 16}) {
      tables.push_back(at::randn({41, width}).to(type).to(there.device()));
    }
    const std::vector<at::Tensor> found = gather_rows(module(), tables, there);
    for (std::size_t t = 0; t < tables.size(); ++t) {
      EXPECT_TRUE(at::equal(found[t].cpu(), tables[t].cpu().index_select(0, there.cpu()))) << t;
    }
  }
}

TEST_F(CudaGatherRows, OfNoTableAreRefused) {
  EXPECT_THROW(gather_rows(module(), {}, on_gpu<std::int64_t>({0}, {1})), std::exception);
}

}  // namespace
}  // namespace litebench::test
