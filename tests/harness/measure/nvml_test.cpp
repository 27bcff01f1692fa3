#include "harness/measure/nvml.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.hpp"

namespace litebench::measure {
namespace {

constexpr const char* kBus = "0000:3B:00.0";
constexpr const char* kUuid = "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f";
constexpr int kNotSupported = 3, kDriverNotLoaded = 9;

/// fake_nvml.cpp, and what it will say.
class Fake {
 public:
  explicit Fake(const char* file) : file_(file), handle_(dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    call<void()>("fake_nvml_forget")();
    say("clock", 1410);
    say("temperature", 61);
    say("reasons", 0);
    say("energy", 5'000'000);
    say("power", 287'500);
    say("mig", 0);
  }
  ~Fake() { dlclose(handle_); }
  Fake(const Fake&) = delete;
  Fake& operator=(const Fake&) = delete;

  void say(const char* what, unsigned long long value) { script(what, 0, value); }
  void fail(const char* what, int code) { script(what, code, 0); }
  [[nodiscard]] Nvml open() const { return Nvml(file_); }
  [[nodiscard]] NvmlDevice device() const { return open().find(kBus, kUuid); }
  [[nodiscard]] int open_count() const { return call<int()>("fake_nvml_open_count")(); }

 private:
  template <typename Call>
  Call* call(const char* name) const {
    return reinterpret_cast<Call*>(dlsym(handle_, name));
  }
  void script(const char* what, int code, unsigned long long value) {
    call<void(const char*, int, unsigned long long)>("fake_nvml_script")(what, code, value);
  }

  const char* file_;
  void* handle_;
};

std::string problem_of(const auto& doing) {
  try {
    doing();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST(Nvml, TellsClockTemperatureThrottlingEnergyAndPower) {
  Fake fake(FAKE_NVML);
  EXPECT_EQ(fake.open().driver(), "580.65.06");
  const NvmlDevice device = fake.device();
  EXPECT_EQ(device.missing(), "");
  EXPECT_EQ(device.state(), (DeviceState{.clock_mhz = 1410,
                                         .temperature = 61,
                                         .throttled = 0,
                                         .energy_mj = 5'000'000,
                                         .power_mw = 287'500}));
}

TEST(Nvml, FindsADeviceByItsUuidWhereTheBusIsNumberedOtherwise) {
  const Fake fake(FAKE_NVML);
  EXPECT_EQ(fake.open().find("0000:00:07.0", kUuid).state().clock_mhz, 1410);
  const std::string problem =
      problem_of([&] { (void)fake.open().find("0000:00:07.0", "GPU-another"); });
  EXPECT_NE(problem.find("neither 0000:00:07.0 (Not Found) nor GPU-another (Not Found)"),
            std::string::npos)
      << problem;
}

TEST(Nvml, IdlenessAndClocksThatSomebodyChoseAreNoThrottling) {
  Fake fake(FAKE_NVML);
  const NvmlDevice device = fake.device();
  const auto throttled = [&](unsigned long long reasons) {
    fake.say("reasons", reasons);
    return device.state().throttled;
  };
  // idle, applications' clocks, sync boost, display clocks
  for (const unsigned long long harmless : {0x1, 0x2, 0x10, 0x100, 0x113})
    EXPECT_EQ(throttled(harmless), 0) << harmless;
  // power cap, slowdown, thermal in software and hardware, power brake
  for (const unsigned long long slower : {0x4, 0x8, 0x20, 0x40, 0x80})
    EXPECT_EQ(throttled(slower | 0x1), static_cast<int>(slower));
}

TEST(Nvml, ACallThatFailsLeavesItsValueUnknownAndIsNamedWithTheReason) {
  Fake fake(FAKE_NVML);
  fake.fail("energy", kNotSupported);
  fake.fail("clock", kNotSupported);
  const NvmlDevice device = fake.device();
  EXPECT_EQ(device.missing(), "clock (Not Supported), energy (Not Supported)");
  EXPECT_EQ(device.state(), (DeviceState{.temperature = 61, .throttled = 0, .power_mw = 287'500}));
  fake.fail("temperature", 999);  // later, while a run goes on
  EXPECT_EQ(device.state().temperature, -1);
}

TEST(Nvml, AnOldLibraryTellsWhatItCan) {
  Fake fake(FAKE_NVML_OLD);
  fake.say("reasons", 0x44);
  const NvmlDevice device = fake.device();
  EXPECT_EQ(device.missing(), "energy (this driver's library has no such call)");
  EXPECT_EQ(device.state().throttled, kPowerCap | kThermalHardware);
  EXPECT_EQ(device.state().energy_mj, -1);
}

TEST(Nvml, TheEnergyOfADeviceThatMigSharesOutIsNobodysOwn) {
  Fake fake(FAKE_NVML);
  fake.say("mig", 1);
  const NvmlDevice device = fake.device();
  EXPECT_EQ(device.state().energy_mj, -1);
  EXPECT_EQ(device.state().power_mw, -1);
  EXPECT_EQ(device.state().clock_mhz, 1410);
  EXPECT_NE(device.missing().find("energy (MIG: "), std::string::npos) << device.missing();
}

TEST(Nvml, ALibraryThatIsNotThereOrIsAnotherOrDoesNotStartSaysSo) {
  const std::string absent = problem_of([] { Nvml("libnvidia-ml.so.none"); });
  EXPECT_NE(absent.find("cannot open shared object file"), std::string::npos) << absent;
  EXPECT_NE(absent.find("stay unknown"), std::string::npos) << absent;
  const std::string other = problem_of([] { Nvml("libm.so.6"); });
  EXPECT_NE(other.find("lacks nvmlInit_v2"), std::string::npos) << other;
  Fake fake(FAKE_NVML);
  fake.fail("init", kDriverNotLoaded);
  const std::string idle = problem_of([&] { (void)fake.open(); });
  EXPECT_NE(idle.find("Driver Not Loaded"), std::string::npos) << idle;
  EXPECT_EQ(fake.open_count(), 0);
}

TEST(Nvml, IsShutDownWithTheLastDevice) {
  const Fake fake(FAKE_NVML);
  {
    std::optional<Nvml> nvml = fake.open();
    const NvmlDevice device = nvml->find(kBus, kUuid);
    nvml.reset();
    EXPECT_EQ(fake.open_count(), 1);
    EXPECT_EQ(device.state().clock_mhz, 1410);
  }
  EXPECT_EQ(fake.open_count(), 0);
}

TEST(DeviceState, OfARunIsItsEndAndEveryReasonToThrottle) {
  const DeviceState before{210, 40, kPowerCap, 1000, 60'000},
      after{1980, 55, kThermal, 1750, 500'000};
  EXPECT_EQ(between(before, after), (DeviceState{1980, 55, kPowerCap | kThermal, 750, 500'000}));
  EXPECT_EQ(between({}, after).energy_mj, -1);
  EXPECT_EQ(between(before, {}).throttled, kPowerCap);
  EXPECT_EQ(between({}, {}), DeviceState{});
}

TEST(DeviceState, EnergyIsUnknownWhereTheCounterStoodStill) {
  DeviceState state;
  state.energy_mj = 1000;
  EXPECT_EQ(between(state, state).energy_mj, -1);
}

}  // namespace
}  // namespace litebench::measure
