#include "harness/measure/device.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "harness/measure/cuda_module.hpp"

namespace litebench::measure {
namespace {

at::Tensor bytes_tensor(std::int64_t bytes) { return at::empty({bytes}, at::kByte); }

TEST(CpuMemory, PeakIsTheMostThatWasEverAliveAtOnce) {
  auto device = open_cpu_device();
  device->reset_peak();
  const std::int64_t before = device->memory().current_bytes;
  {
    const at::Tensor first = bytes_tensor(3'000'000);
    { const at::Tensor second = bytes_tensor(2'000'000); }
    const at::Tensor third = bytes_tensor(1'000'000);
    EXPECT_EQ(device->memory().current_bytes - before, 4'000'000);
  }
  EXPECT_EQ(device->memory().current_bytes, before);
  EXPECT_EQ(device->memory().peak_bytes - before, 5'000'000);
}

TEST(CpuMemory, ThatDoesNotSufficeHasATypeOfItsOwn) {
  auto device = open_cpu_device();
  EXPECT_THROW(bytes_tensor(std::int64_t{1} << 60), c10::OutOfMemoryError);
}

TEST(CpuMemory, ResetForgetsEarlierPeaksButNotLiveTensors) {
  auto device = open_cpu_device();
  const at::Tensor live = bytes_tensor(700'000);
  { const at::Tensor gone = bytes_tensor(9'000'000); }
  device->reset_peak();
  EXPECT_EQ(device->memory().peak_bytes, device->memory().current_bytes);
  EXPECT_GE(device->memory().peak_bytes, 700'000);
}

TEST(CpuMemory, CountsEveryThread) {
  auto device = open_cpu_device();
  const std::int64_t before = device->memory().current_bytes;
  std::vector<std::vector<at::Tensor>> kept(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : kept) {
      threads.emplace_back([&mine] {
        for (int i = 0; i < 200; ++i) {
          mine.push_back(bytes_tensor(1000));
          bytes_tensor(5000);
        }
      });
    }
  }
  EXPECT_EQ(device->memory().current_bytes - before, 4 * 200 * 1000);
  kept.clear();
  EXPECT_EQ(device->memory().current_bytes, before);
}

TEST(CpuMemory, TensorsKeepTheAlignmentOfLibTorch) {
  auto device = open_cpu_device();
  for (const std::int64_t bytes : {1, 63, 64, 65, 100'001}) {
    const at::Tensor tensor = bytes_tensor(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % 64, 0U) << bytes;
  }
  EXPECT_EQ(bytes_tensor(0).numel(), 0);
}

TEST(CpuMemory, RawAllocationsAreCountedAndReleased) {
  auto device = open_cpu_device();
  c10::Allocator* allocator = c10::GetAllocator(c10::DeviceType::CPU);
  const std::int64_t before = device->memory().current_bytes;
  void* memory = allocator->raw_allocate(4096);
  EXPECT_EQ(device->memory().current_bytes - before, 4096);
  allocator->raw_deallocate(memory);
  EXPECT_EQ(device->memory().current_bytes, before);
}

TEST(CpuClock, MeasuresBetweenAnyTwoMarks) {
  auto clock = open_cpu_device()->make_clock();
  const std::size_t begin = clock->mark();
  const auto reference = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - reference < std::chrono::milliseconds(5)) {
  }
  const std::size_t middle = clock->mark();
  const std::size_t end = clock->mark();
  EXPECT_GE(clock->milliseconds(begin, middle), 5.0);
  EXPECT_DOUBLE_EQ(clock->milliseconds(begin, end),
                   clock->milliseconds(begin, middle) + clock->milliseconds(middle, end));
  clock->clear();
  EXPECT_EQ(clock->mark(), 0U);
}

TEST(CpuDevice, SaysWhatItIs) {
  const DeviceInfo info = open_cpu_device()->info();
  EXPECT_EQ(info.kind, "cpu");
  EXPECT_FALSE(info.name.empty());
  EXPECT_GT(info.total_bytes, 0);
  EXPECT_TRUE(info.driver.empty());
}

TEST(CudaDevice, AbsentDeviceIsAUsageErrorThatSaysWhy) {
  const CudaAvailability available = cuda_availability();
  EXPECT_EQ(available.devices == 0, !available.reason.empty());
  try {
    open_cuda_device(available.devices);
    FAIL() << "opened a device that does not exist";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    const std::string text = error.what();
    EXPECT_NE(text.find("there is no CUDA device"), std::string::npos) << text;
    EXPECT_NE(text.find(available.devices == 0 ? available.reason : "this process sees"),
              std::string::npos)
        << text;
  }
}

TEST(CudaModule, FileThatIsNoModuleIsRefusedWithTheLoadersReason) {
  try {
    load_cuda_module("tests/harness/measure/device_test.cpp");
    FAIL() << "loaded a text file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("does not load"), std::string::npos) << error.what();
  }
}

TEST(CudaModule, LoadsWithoutADriverAndReportsTheRuntimesReason) {
  const auto path = find_cuda_module();
  if (!path) GTEST_SKIP() << "built without the CUDA half";
  const cuda::Interface& module = load_cuda_module(*path);
  int devices = -1;
  if (module.device_count(&devices) == 0) GTEST_SKIP() << "there is a driver here";
  EXPECT_NE(std::string(module.last_error()).find("cudaGetDeviceCount"), std::string::npos)
      << module.last_error();
  EXPECT_NE(module.set_device(0), 0);
  cuda::MemoryStatistics memory{};
  EXPECT_NE(module.memory(0, &memory), 0);
  int architecture = 0;
  EXPECT_NE(module.probe(0, &architecture), 0);
  void* graph = nullptr;
  EXPECT_NE(module.graph_open(&graph), 0);
  EXPECT_THROW(check_cuda(module, 1, "testing"), Error);
}

TEST(CudaDevice, CountsMemoryAndTimeOnTheGpu) {
  if (const CudaAvailability available = cuda_availability(); available.devices == 0) {
    GTEST_SKIP() << available.reason;
  }
  auto device = open_cuda_device(0);
  EXPECT_EQ(device->info().kind, "cuda");
  device->reset_peak();
  const std::int64_t before = device->memory().current_bytes;
  auto clock = device->make_clock();
  clock->mark();
  {
    const at::Tensor tensor =
        at::empty({1 << 20}, at::TensorOptions(device->torch_device()).dtype(at::kByte));
  }
  clock->mark();
  device->synchronize();
  EXPECT_GE(clock->milliseconds(0, 1), 0.0);
  EXPECT_EQ(device->memory().current_bytes, before);
  EXPECT_EQ(device->memory().peak_bytes - before, 1 << 20);
}

}  // namespace
}  // namespace litebench::measure
