// Any bytes either become tensors inside the file or Error{data}. Bytes that begin with '{' get the length field they lack
// and 64 bytes of data, so that mutations reach the header's meaning.
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.hpp"
#include "model/checkpoint/safetensors.hpp"
#include "tests/fuzz/walk_tensors.hpp"

using namespace litebench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  if (file.starts_with('{')) {
    constexpr std::size_t kDataBytes = 64;
    const std::uint64_t length = file.size();
    std::string prefix(sizeof(length), '\0');
    std::memcpy(prefix.data(), &length, sizeof(length));
    file = prefix + file + std::string(kDataBytes, 'x');
  }
  try {
    model::walk(model::parse_safetensors(std::as_bytes(std::span(file)), "fuzz"));
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
