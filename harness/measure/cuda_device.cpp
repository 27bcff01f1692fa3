// The GPU as seen through the CUDA half. Not run on a GPU so far: tests here reach only the path
// without one.

#include <fmt/format.h>

#include <optional>
#include <vector>

#include <c10/core/CachingDeviceAllocator.h>

#include "base/error.hpp"
#include "harness/measure/cuda_graph.hpp"
#include "harness/measure/cuda_module.hpp"
#include "harness/measure/device.hpp"
#include "harness/measure/nvml.hpp"

namespace litebench::measure {
namespace {

class CudaClock final : public Clock {
 public:
  explicit CudaClock(const cuda::Interface& module) : module_(module) {}
  ~CudaClock() override {
    for (void* event : events_) module_.event_destroy(event);
  }
  CudaClock(const CudaClock&) = delete;
  CudaClock& operator=(const CudaClock&) = delete;

  std::size_t mark() override {
    if (used_ == events_.size()) {
      void* event = nullptr;
      check_cuda(module_, module_.event_create(&event), "making an event");
      events_.push_back(event);
    }
    check_cuda(module_, module_.event_record(events_[used_]), "recording an event");
    return used_++;
  }
  double milliseconds(std::size_t begin, std::size_t end) override {
    double elapsed = 0;
    check_cuda(module_, module_.event_elapsed_ms(events_.at(begin), events_.at(end), &elapsed),
               "timing a stage");
    return elapsed;
  }
  void clear() override { used_ = 0; }

 private:
  const cuda::Interface& module_;
  std::vector<void*> events_;  // made once, used again after clear()
  std::size_t used_ = 0;
};

// CUDA counts 13.0 as 13000 and 12.4 as 12040.
std::string version_of(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

// As nvidia-smi prints it.
std::string uuid_text(const std::uint8_t (&uuid)[16]) {
  std::string text = "GPU";
  for (int i = 0; i < 16; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid[i]);
  }
  return text;
}

class CudaDevice final : public Device {
 public:
  CudaDevice(const cuda::Interface& module, int index) : module_(module), index_(index) {
    check_cuda(module_, module_.set_device(index_), "selecting it");
    const cuda::DeviceDescription found = description();
    try {
      nvml_ = Nvml().find(found.pci_bus_id, uuid_text(found.uuid));
      const std::string& missing = nvml_->missing();
      if (!missing.empty()) untold_ = "the GPU does not tell " + missing;
    } catch (const Error& error) {
      untold_ = error.what();
    }
  }

  c10::Device torch_device() const override {
    return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index_));
  }
  DeviceInfo info() const override {
    const cuda::DeviceDescription found = description();
    return {.kind = "cuda",
            .name = found.name,
            .total_bytes = found.total_bytes,
            .driver = version_of(found.driver_version),
            .runtime = version_of(found.runtime_version),
            .untold = untold_};
  }
  void synchronize() override { check_cuda(module_, module_.synchronize(), "finishing its work"); }
  MemoryUse memory() const override {
    cuda::MemoryStatistics found{};
    check_cuda(module_, module_.memory(index_, &found), "counting its memory");
    return {.current_bytes = found.current_bytes, .peak_bytes = found.peak_bytes};
  }
  void reset_peak() override {
    check_cuda(module_, module_.reset_peak(index_), "resetting its memory counter");
  }
  DeviceState state() const override { return nvml_ ? nvml_->state() : DeviceState{}; }
  void empty_cache() override { at::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache(); }
  std::unique_ptr<Clock> make_clock() const override {
    return std::make_unique<CudaClock>(module_);
  }
  std::unique_ptr<GraphRecorder> make_graph_recorder() const override {
    return std::make_unique<CudaGraphRecorder>(module_);
  }

 private:
  [[nodiscard]] cuda::DeviceDescription description() const {
    cuda::DeviceDescription found{};
    check_cuda(module_, module_.describe(index_, &found), "asking for its name");
    return found;
  }

  const cuda::Interface& module_;
  int index_;
  std::optional<NvmlDevice> nvml_;
  std::string untold_;
};

}  // namespace

std::unique_ptr<Device> open_cuda_device(int index) {
  const CudaAvailability available = cuda_availability();
  if (index < 0 || index >= available.devices) {
    throw Error(ExitCode::usage, fmt::format("there is no CUDA device {}", index),
                available.devices == 0 ? available.reason
                                       : fmt::format("this process sees {}", available.devices),
                "Set device = \"cpu\", or start fewer ranks than there are devices.");
  }
  const cuda::Interface& module = load_cuda_module(*find_cuda_module());
  int compiled_for = 0;
  if (module.probe(index, &compiled_for) != 0) {
    throw Error(ExitCode::usage,
                fmt::format("CUDA device {} does not run this build's kernels", index),
                module.last_error(), "Build with its architecture in CMAKE_CUDA_ARCHITECTURES.");
  }
  return std::make_unique<CudaDevice>(module, index);
}

}  // namespace litebench::measure
