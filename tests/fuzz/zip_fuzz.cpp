// Any bytes either become entries inside the archive or Error{data}.
#include <cstdlib>

#include "base/error.hpp"
#include "model/checkpoint/zip.hpp"

using namespace litebench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    volatile unsigned sum = 0;
    for (const auto& entry : model::parse_zip(file, "fuzz"))
      for (const auto byte : entry.bytes) sum = sum + static_cast<unsigned>(byte);
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
