#pragma once
// Turns what fails inside the module into a return code and a sentence, since no exception may cross its border.

#include <cuda_runtime_api.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace litebench::cuda {

/// The calling thread's last failure.
std::string& last_error_text();

inline void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) {
    throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(code));
  }
}

template <typename Work>
int guarded(Work&& work) noexcept {
  try {
    work();
    return 0;
  } catch (const std::exception& error) {
    last_error_text() = error.what();
    return 1;
  }
}

}  // namespace litebench::cuda
