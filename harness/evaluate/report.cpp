#include "harness/evaluate/report.hpp"

#include <cstdio>

#include <ATen/Version.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <torch/headeronly/version.h>

#include "base/error.hpp"
#include "harness/evaluate/methods_page.hpp"
#include "harness/launch/thread_level.hpp"
#include "harness/measure/device.hpp"
#include "harness/measure/nvml.hpp"
#include "model/prune/registry.hpp"

namespace litebench::evaluate {
namespace {

void print_method(const prune::Method& method) {
  fmt::print("{:<16}{}\n", method.info.id, method.info.title);
  fmt::print("                {}\n", method.help);
  fmt::print("                paper: {}; fidelity: {}; positions: {}; text: {}{}\n",
             method.info.paper, method.info.fidelity, unit::name_of(method.info.native_position),
             method.info.text_dependent ? "yes" : "no", method.info.draws ? "; draws (seeds)" : "");
  for (const prune::MethodOption& option : method.options) {
    fmt::print("                {} = {}: {}\n", option.name, fmt::join(option.values, " | "),
               option.help);
  }
}

std::string state_text(const measure::DeviceState& state) {
  const auto of = [](std::int64_t value, std::string_view unit) {
    return value < 0 ? fmt::format("? {}", unit) : fmt::format("{} {}", value, unit);
  };
  return fmt::format("{}, {}, {}, {}", of(state.clock_mhz, "MHz"), of(state.temperature, "°C"),
                     of(state.power_mw < 0 ? -1 : state.power_mw / 1000, "W"),
                     state.throttled < 0    ? "throttling unknown"
                     : state.throttled == 0 ? "not throttled"
                                            : "throttled");
}

/// Apart from CUDA: a machine may have one without the other.
void print_nvml() {
  try {
    fmt::print("  NVML                  found, driver {}\n", measure::Nvml().driver());
  } catch (const Error& error) {
    fmt::print("  NVML                  none usable: {}\n", error.what());
  }
}

void print_device(int index) {
  try {
    const auto device = measure::open_cuda_device(index);
    const measure::DeviceInfo info = device->info();
    fmt::print("  gpu {:<18}{}, {:.1f} GiB, driver {}\n", index, info.name,
               static_cast<double>(info.total_bytes) / (1 << 30), info.driver);
    fmt::print("  gpu {:<18}{}\n", index, state_text(device->state()));
    if (!info.untold.empty()) fmt::print("  gpu {:<18}{}\n", index, info.untold);
  } catch (const Error& error) {
    fmt::print("  gpu                   none usable: {}\n", error.what());
  }
}

}  // namespace

int list_methods(bool markdown) {
  const prune::Registry registry = prune::builtin_registry();
  if (markdown) {
    fmt::print("{}", methods_page(registry));
    return 0;
  }
  for (const prune::Method& method : registry.methods()) print_method(method);
  fmt::print("{:<12}{}\n", "outside", "methods of yours, see docs/outside-methods.md");
  fmt::print("            plan:FILE         retained tokens that a program wrote beforehand\n");
  fmt::print("            torchscript:FILE  a scripted module\n");
  fmt::print("            plugin:FILE       a shared object behind a C entry point\n");
  return 0;
}

int probe() {
  fmt::print("  LibTorch              {} loads, CPU capability {}\n", TORCH_VERSION,
             at::get_cpu_capability());
  print_device(0);
  print_nvml();
  std::fflush(stdout);  // an MPI that cannot start ends the process
  const launch::ThreadLevel level = launch::probe_thread_level();
  fmt::print("  MPI                   {}, threads: {} required, {} provided; {}\n", level.library,
             level.required, level.provided, launch::consequence_of(level));
  return 0;
}

}  // namespace litebench::evaluate
