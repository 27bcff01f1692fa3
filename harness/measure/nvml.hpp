#pragma once
// NVIDIA's management library, loaded at run time, so that neither build nor start needs it. Not run on a GPU so
// far: the tests ask a library made up for them.

#include <memory>
#include <string>

#include "harness/measure/device_state.hpp"

namespace litebench::measure {

struct NvmlLibrary;  ///< the calls that were found

/// One GPU. Not thread-safe.
class NvmlDevice {
 public:
  NvmlDevice(std::shared_ptr<const NvmlLibrary> library, void* handle);

  /// Some ten to hundred microseconds. A call that fails leaves its value unknown.
  [[nodiscard]] DeviceState state() const;

  /// What it does not tell, each with the reason, e.g. "energy (Not Supported)"; "": it tells everything.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void note(const char* what, const std::string& reason);

  std::shared_ptr<const NvmlLibrary> library_;
  void* handle_;
  bool own_energy_ = true;
  std::string missing_;
};

class Nvml {
 public:
  static constexpr const char* kFile = "libnvidia-ml.so.1";

  /// Throws Error{usage} when the library is not there, lacks a call without which nothing can be asked, or
  /// does not start.
  explicit Nvml(const std::string& file = kFile);

  /// The driver's version, e.g. "580.65.06"; "unknown" where it does not say.
  [[nodiscard]] std::string driver() const;

  /// By bus, then by UUID: CUDA numbers only the devices that CUDA_VISIBLE_DEVICES leaves, NVML all of them.
  /// `uuid` as nvidia-smi prints it (GPU-…). Throws Error{usage} when NVML knows neither.
  [[nodiscard]] NvmlDevice find(const std::string& pci_bus_id, const std::string& uuid) const;

 private:
  std::shared_ptr<const NvmlLibrary> library_;
};

}  // namespace litebench::measure
