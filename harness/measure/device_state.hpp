#pragma once
// What a device says of its own condition: the reason why two runs of one program may differ.

#include <algorithm>
#include <cstdint>

namespace litebench::measure {

/// One look at a device, or what is known of the time between two. −1: the device does not tell.
struct DeviceState {
  std::int32_t clock_mhz = -1;    ///< of its multiprocessors
  std::int32_t temperature = -1;  ///< °C
  std::int32_t throttled = -1;    ///< bits of Throttle; 0: runs as fast as it was set to
  std::int64_t energy_mj = -1;    ///< since the driver was loaded; between two looks: in between
  std::int64_t power_mw = -1;     ///< now
  bool operator==(const DeviceState&) const = default;
};

/// NVML's reasons for a lower clock that make a device slower than it was set to. Idleness and clocks
/// that somebody chose are none.
enum Throttle : std::int32_t {
  kPowerCap = 0x04,
  kSlowdown = 0x08,
  kThermal = 0x20,
  kThermalHardware = 0x40,
  kPowerBrake = 0x80,
  kAnyThrottle = kPowerCap | kSlowdown | kThermal | kThermalHardware | kPowerBrake,
};

/// Clock and temperature as they were at the end (the device may have idled before), every reason to
/// throttle that was there at either. Energy only if the counter moved: it does so every 10 to 100 ms
/// depending on the device, so a shorter run may have consumed something although it stands still.
inline DeviceState between(const DeviceState& before, const DeviceState& after) {
  DeviceState run = after;
  if (before.throttled > 0) run.throttled = std::max(run.throttled, 0) | before.throttled;
  const bool moved = before.energy_mj >= 0 && after.energy_mj > before.energy_mj;
  run.energy_mj = moved ? after.energy_mj - before.energy_mj : -1;
  return run;
}

}  // namespace litebench::measure
