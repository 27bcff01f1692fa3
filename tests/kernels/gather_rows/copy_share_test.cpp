// What the threads of kernels/gather_rows/gather_rows.cu do, one after the other. Expected: index_select.
#include "kernels/gather_rows/copy_share.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/randn.h>

namespace litebench::kernels {
namespace {

TEST(GatheredRows, AreThoseOfIndexSelectInEveryTable) {
  std::vector<std::int64_t> index{7, 0, 3, 3, 40, 1};  // unordered, one twice
  const auto rows = static_cast<std::int64_t>(index.size());
  const at::Tensor which = at::from_blob(index.data(), {rows}, at::kLong);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    std::array<at::Tensor, 3> in, out;
    std::array<RowTable, 3> tables{};
    for (std::size_t t = 0; t < in.size(); ++t) {
      const std::int64_t width = std::array{4096, 8, 520}[t];
      in[t] = at::randn({41, width}).to(type);
      out[t] = at::empty({rows, width}, in[t].options());
      tables[t] = {static_cast<const Sixteen*>(in[t].const_data_ptr()),
                   static_cast<Sixteen*>(out[t].mutable_data_ptr()),
                   width * static_cast<std::int64_t>(in[t].element_size()) / 16};
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      for (int thread = 0; thread < 128; ++thread) {
        copy_share(tables.data(), 3, index[static_cast<std::size_t>(row)], row, thread, 128);
      }
    }
    for (std::size_t t = 0; t < in.size(); ++t) {
      EXPECT_TRUE(at::equal(out[t], in[t].index_select(0, which))) << t;
    }
  }
}

}  // namespace
}  // namespace litebench::kernels
