#include <unistd.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "harness/measure/counting_allocator.hpp"
#include "harness/measure/device.hpp"

namespace litebench::measure {
namespace {

class CpuClock final : public Clock {
 public:
  std::size_t mark() override {
    marks_.push_back(std::chrono::steady_clock::now());
    return marks_.size() - 1;
  }
  double milliseconds(std::size_t begin, std::size_t end) override {
    return std::chrono::duration<double, std::milli>(marks_.at(end) - marks_.at(begin)).count();
  }
  void clear() override { marks_.clear(); }

 private:
  std::vector<std::chrono::steady_clock::time_point> marks_;
};

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t value = line.find_first_not_of(": \t", line.find(':'));
    if (value != std::string::npos) return line.substr(value);
  }
  return "unknown";
}

class CpuDevice final : public Device {
 public:
  c10::Device torch_device() const override { return c10::Device(c10::DeviceType::CPU); }
  DeviceInfo info() const override {
    const std::int64_t machine_bytes =
        std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
    return {.kind = "cpu",
            .name = processor_name(),
            .total_bytes = machine_bytes,
            .driver = "",
            .runtime = "",
            .untold = ""};
  }
  void synchronize() override {}
  MemoryUse memory() const override {
    return {.current_bytes = allocator_.current_bytes(), .peak_bytes = allocator_.peak_bytes()};
  }
  void reset_peak() override { allocator_.reset_peak(); }
  void empty_cache() override {}
  std::unique_ptr<Clock> make_clock() const override { return std::make_unique<CpuClock>(); }

 private:
  CountingAllocator& allocator_ = CountingAllocator::install();
};

}  // namespace

std::unique_ptr<Device> open_cpu_device() { return std::make_unique<CpuDevice>(); }

}  // namespace litebench::measure
