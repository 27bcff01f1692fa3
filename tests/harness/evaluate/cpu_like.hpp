#pragma once
// A CPU to derive devices from that tell or do more than one.

#include <memory>

#include "harness/measure/device.hpp"

namespace litebench::evaluate {

class CpuLike : public measure::Device {
 public:
  [[nodiscard]] c10::Device torch_device() const override { return cpu_->torch_device(); }
  [[nodiscard]] measure::DeviceInfo info() const override { return cpu_->info(); }
  void synchronize() override {}
  [[nodiscard]] measure::MemoryUse memory() const override { return cpu_->memory(); }
  void empty_cache() override {}
  void reset_peak() override { cpu_->reset_peak(); }
  [[nodiscard]] std::unique_ptr<measure::Clock> make_clock() const override {
    return cpu_->make_clock();
  }

 private:
  std::unique_ptr<measure::Device> cpu_ = measure::open_cpu_device();
};

}  // namespace litebench::evaluate
