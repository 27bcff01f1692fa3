#include "harness/measure/cuda_module.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

#include "base/error.hpp"

namespace litebench::measure {
namespace {

constexpr const char* kFileName = "liblitebench_cuda.so";

bool driver_is_installed() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

}  // namespace

std::optional<std::filesystem::path> find_cuda_module() {
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& folder : {program, program / ".." / "lib" / "litebench"}) {
    if (std::filesystem::exists(folder / kFileName, ignored)) return folder / kFileName;
  }
  return std::nullopt;
}

const cuda::Interface& load_cuda_module(const std::filesystem::path& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(
        ExitCode::usage, fmt::format("the CUDA half {} does not load", path.string()), dlerror(),
        "Install the full CUDA build of LibTorch (`make deps`), or run with device = \"cpu\".");
  }
  using Entry = const cuda::Interface* (*)();
  auto entry = reinterpret_cast<Entry>(dlsym(library, cuda::kEntryPoint));
  const cuda::Interface* found = entry == nullptr ? nullptr : entry();
  if (found == nullptr || found->version != cuda::kInterfaceVersion) {
    throw Error(ExitCode::usage, fmt::format("the CUDA half {} cannot be used", path.string()),
                "it comes from another build than this program", "Build or install both together.");
  }
  return *found;
}

CudaAvailability cuda_availability() {
  if (!driver_is_installed())
    return {.reason = "no NVIDIA driver on this machine (libcuda.so.1 was not found)"};
  const auto path = find_cuda_module();
  if (!path) return {.reason = "this build has no CUDA half (`litebench --version` says why)"};
  const cuda::Interface& module = load_cuda_module(*path);
  CudaAvailability found;
  if (module.device_count(&found.devices) != 0) return {.reason = module.last_error()};
  if (found.devices == 0)
    found.reason = "the driver shows no device (is CUDA_VISIBLE_DEVICES empty?)";
  return found;
}

void check_cuda(const cuda::Interface& module, int code, const char* doing) {
  if (code == 0) return;
  throw Error(ExitCode::restart, fmt::format("the GPU failed while {}", doing), module.last_error(),
              "Start the run again; it continues where it stopped. If it fails again, look at "
              "`nvidia-smi`.");
}

}  // namespace litebench::measure
