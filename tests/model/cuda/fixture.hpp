#pragma once
// Tests that need a GPU, and say why they do nothing without one.

#include <gtest/gtest.h>

#include "tests/support/cuda_kernels.hpp"

namespace litebench::test {

class CudaKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (gpu_.module == nullptr) GTEST_SKIP() << "no GPU: " << gpu_.reason;
  }
  [[nodiscard]] const cuda::Interface& module() const { return *gpu_.module; }

 private:
  test::Gpu gpu_ = test::find_gpu();
};

}  // namespace litebench::test
