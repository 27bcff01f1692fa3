// An NVML that says what a test scripts: one device at 0000:3B:00.0. Built twice, the second time as old as driver 418
// (FAKE_NVML_OLD): without the calls that came later.

#include <cstring>
#include <map>
#include <string>

namespace {

struct Answer {
  int code = 0;
  unsigned long long value = 0;
};

std::map<std::string, Answer>& script() {
  static std::map<std::string, Answer> answers;
  return answers;
}

int device;
int open_count = 0;

template <typename Number>
int answer(const char* call, void* handle, Number* out) {
  if (handle != &device) return 2;  // NVML_ERROR_INVALID_ARGUMENT
  const Answer& scripted = script()[call];
  if (scripted.code == 0) *out = static_cast<Number>(scripted.value);
  return scripted.code;
}

}  // namespace

extern "C" {

void fake_nvml_script(const char* call, int code, unsigned long long value) {
  script()[call] = {code, value};
}
void fake_nvml_forget() { script().clear(); }
int fake_nvml_open_count() { return open_count; }

int nvmlInit_v2() {
  const int code = script()["init"].code;
  open_count += code == 0 ? 1 : 0;
  return code;
}
int nvmlShutdown() {
  --open_count;
  return 0;
}
const char* nvmlErrorString(int code) {
  return code == 3   ? "Not Supported"
         : code == 6 ? "Not Found"
         : code == 9 ? "Driver Not Loaded"
                     : "Other";
}
int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  std::strncpy(version, "580.65.06", length);
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus, void** handle) {
  *handle = &device;
  return std::strcmp(bus, "0000:3B:00.0") == 0 ? 0 : 6;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** handle) {
  *handle = &device;
  return std::strcmp(uuid, "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f") == 0 ? 0 : 6;
}
int nvmlDeviceGetClockInfo(void* handle, int type, unsigned* mhz) {
  return type == 1 ? answer("clock", handle, mhz) : 2;
}
int nvmlDeviceGetTemperature(void* handle, int sensor, unsigned* celsius) {
  return sensor == 0 ? answer("temperature", handle, celsius) : 2;
}
int nvmlDeviceGetPowerUsage(void* handle, unsigned* milliwatts) {
  return answer("power", handle, milliwatts);
}
#ifdef FAKE_NVML_OLD
int nvmlDeviceGetCurrentClocksThrottleReasons(void* handle, unsigned long long* bits) {
  return answer("reasons", handle, bits);
}
#else
int nvmlDeviceGetCurrentClocksEventReasons(void* handle, unsigned long long* bits) {
  return answer("reasons", handle, bits);
}
int nvmlDeviceGetTotalEnergyConsumption(void* handle, unsigned long long* millijoules) {
  return answer("energy", handle, millijoules);
}
int nvmlDeviceGetMigMode(void* handle, unsigned* current, unsigned* pending) {
  *pending = 0;
  return answer("mig", handle, current);
}
#endif
}
