#include "harness/measure/nvml.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

#include "base/error.hpp"

namespace litebench::measure {
namespace {

// From the NVML API reference; the library keeps these numbers over its versions.
using Code = int;
using Handle = void*;
constexpr Code kSuccess = 0;
constexpr int kClockSm = 1, kSensorGpu = 0;
constexpr unsigned kMigEnabled = 1;

}  // namespace

/// Calls that this version of the library lacks are null, but for those that every version has.
struct NvmlLibrary {
  void* file = nullptr;
  Code (*init)() = nullptr;
  Code (*shutdown)() = nullptr;
  Code (*by_bus)(const char*, Handle*) = nullptr;
  Code (*by_uuid)(const char*, Handle*) = nullptr;
  const char* (*text_of)(Code) = nullptr;
  Code (*driver)(char*, unsigned) = nullptr;
  Code (*clock)(Handle, int, unsigned*) = nullptr;
  Code (*temperature)(Handle, int, unsigned*) = nullptr;
  Code (*reasons)(Handle, unsigned long long*) = nullptr;
  Code (*energy)(Handle, unsigned long long*) = nullptr;
  Code (*power)(Handle, unsigned*) = nullptr;
  Code (*mig)(Handle, unsigned*, unsigned*) = nullptr;
  bool started = false;

  NvmlLibrary() = default;
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;
  ~NvmlLibrary() {
    if (started && shutdown != nullptr) shutdown();
    if (file != nullptr) dlclose(file);
  }

  [[nodiscard]] std::string reason(Code code) const {
    return text_of == nullptr ? fmt::format("error {}", code) : text_of(code);
  }
};

namespace {

template <typename Call>
void look_up(void* file, const char* name, Call& call) {
  call = reinterpret_cast<Call>(dlsym(file, name));
}

void look_up_all(NvmlLibrary& nvml) {
  look_up(nvml.file, "nvmlInit_v2", nvml.init);
  look_up(nvml.file, "nvmlShutdown", nvml.shutdown);
  look_up(nvml.file, "nvmlDeviceGetHandleByPciBusId_v2", nvml.by_bus);
  look_up(nvml.file, "nvmlDeviceGetHandleByUUID", nvml.by_uuid);
  look_up(nvml.file, "nvmlErrorString", nvml.text_of);
  look_up(nvml.file, "nvmlSystemGetDriverVersion", nvml.driver);
  look_up(nvml.file, "nvmlDeviceGetClockInfo", nvml.clock);
  look_up(nvml.file, "nvmlDeviceGetTemperature", nvml.temperature);
  look_up(nvml.file, "nvmlDeviceGetCurrentClocksEventReasons", nvml.reasons);
  if (nvml.reasons == nullptr) {  // its name before driver 535
    look_up(nvml.file, "nvmlDeviceGetCurrentClocksThrottleReasons", nvml.reasons);
  }
  look_up(nvml.file, "nvmlDeviceGetTotalEnergyConsumption", nvml.energy);
  look_up(nvml.file, "nvmlDeviceGetPowerUsage", nvml.power);
  look_up(nvml.file, "nvmlDeviceGetMigMode", nvml.mig);
}

Error unusable(const std::string& file, const std::string& reason) {
  return {ExitCode::usage, fmt::format("{} tells nothing of the GPU", file), reason,
          "Clock, temperature, throttling and energy stay unknown (-1); everything else goes on."};
}

/// "" when `call` answers, else why not.
template <typename Call, typename... Arguments>
std::string ask(const NvmlLibrary& nvml, Call call, Arguments... arguments) {
  if (call == nullptr) return "this driver's library has no such call";
  const Code code = call(arguments...);
  return code == kSuccess ? std::string() : nvml.reason(code);
}

/// The value of a call that gives one number, or −1; why not in `problem`.
template <typename Number, typename Result, typename... Arguments>
void read(const NvmlLibrary& nvml, Code (*call)(Handle, Arguments...), Result& result,
          std::string& problem, Handle handle, auto... before) {
  Number value = 0;
  problem = ask(nvml, call, handle, before..., &value);
  result = problem.empty() ? static_cast<Result>(value) : -1;
}

struct Problems {
  std::string clock, temperature, reasons, energy, power;
};

DeviceState look(const NvmlLibrary& nvml, Handle handle, Problems& why) {
  DeviceState state;
  read<unsigned>(nvml, nvml.clock, state.clock_mhz, why.clock, handle, kClockSm);
  read<unsigned>(nvml, nvml.temperature, state.temperature, why.temperature, handle, kSensorGpu);
  read<unsigned long long>(nvml, nvml.reasons, state.throttled, why.reasons, handle);
  if (state.throttled > 0) state.throttled &= kAnyThrottle;
  read<unsigned long long>(nvml, nvml.energy, state.energy_mj, why.energy, handle);
  read<unsigned>(nvml, nvml.power, state.power_mw, why.power, handle);
  return state;
}

}  // namespace

NvmlDevice::NvmlDevice(std::shared_ptr<const NvmlLibrary> library, void* handle)
    : library_(std::move(library)), handle_(handle) {
  unsigned mig = 0, pending = 0;
  if (ask(*library_, library_->mig, handle_, &mig, &pending).empty()) {
    own_energy_ = mig != kMigEnabled;
  }
  Problems why;
  look(*library_, handle_, why);
  if (!own_energy_) why.energy = why.power = "MIG: the device's counter is that of all its parts";
  note("clock", why.clock);
  note("temperature", why.temperature);
  note("throttling", why.reasons);
  note("energy", why.energy);
  note("power", why.power);
}

void NvmlDevice::note(const char* what, const std::string& reason) {
  if (reason.empty()) return;
  missing_ += fmt::format("{}{} ({})", missing_.empty() ? "" : ", ", what, reason);
}

DeviceState NvmlDevice::state() const {
  Problems ignored;
  DeviceState state = look(*library_, handle_, ignored);
  if (!own_energy_) state.energy_mj = state.power_mw = -1;
  return state;
}

Nvml::Nvml(const std::string& file) {
  auto nvml = std::make_shared<NvmlLibrary>();
  nvml->file = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (nvml->file == nullptr) throw unusable(file, dlerror());
  look_up_all(*nvml);
  if (nvml->init == nullptr || (nvml->by_bus == nullptr && nvml->by_uuid == nullptr)) {
    throw unusable(file, "it lacks nvmlInit_v2 or every way to name a device");
  }
  if (const Code code = nvml->init(); code != kSuccess) throw unusable(file, nvml->reason(code));
  nvml->started = true;
  library_ = std::move(nvml);
}

std::string Nvml::driver() const {
  char version[96] = {};  // the longest the reference allows is 80
  return ask(*library_, library_->driver, version, static_cast<unsigned>(sizeof version)).empty()
             ? version
             : "unknown";
}

NvmlDevice Nvml::find(const std::string& pci_bus_id, const std::string& uuid) const {
  Handle handle = nullptr;
  const std::string bus_problem = ask(*library_, library_->by_bus, pci_bus_id.c_str(), &handle);
  if (bus_problem.empty()) return {library_, handle};
  const std::string uuid_problem = ask(*library_, library_->by_uuid, uuid.c_str(), &handle);
  if (uuid_problem.empty()) return {library_, handle};
  throw unusable(kFile, fmt::format("it finds neither {} ({}) nor {} ({})", pci_bus_id, bus_problem,
                                    uuid, uuid_problem));
}

}  // namespace litebench::measure
