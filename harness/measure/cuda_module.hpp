#pragma once
// Finds and loads the CUDA half.

#include <filesystem>
#include <optional>
#include <string>

#include "model/cuda/interface.hpp"

namespace litebench::measure {

/// Beside the running program, then in ../lib/litebench (build tree and installed tree alike).
std::optional<std::filesystem::path> find_cuda_module();

/// Loads a module for the rest of the process (LibTorch registers its CUDA backend from it and
/// cannot undo that). Throws Error{usage} when the file cannot be loaded or belongs to another
/// build.
const cuda::Interface& load_cuda_module(const std::filesystem::path& path);

struct CudaAvailability {
  int devices = 0;
  std::string reason;  ///< why there are none
};

/// How many devices this process may use. Loads the module only where a driver is: it costs 130 MB
/// a rank.
CudaAvailability cuda_availability();

/// Throws Error{restart} with the module's sentence when `code` is not 0: a failing device rarely
/// recovers in place.
void check_cuda(const cuda::Interface& module, int code, const char* doing);

}  // namespace litebench::measure
