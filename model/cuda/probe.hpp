#pragma once

namespace litebench::cuda {

/// Runs one kernel on the current device; gives the __CUDA_ARCH__ of the code that ran. Throws std::runtime_error.
int probe_current_device();

}  // namespace litebench::cuda
