// Any bytes are either walked to the end through every accessor or refused with Error{data}.
#include <cstdlib>

#include "base/error.hpp"
#include "base/json.hpp"

using namespace litebench;

namespace {

std::size_t walk(json::Value value) {
  std::size_t count = 1;
  if (value.is_array()) {
    value.each([&](json::Value item) { count += walk(item); });
  } else if (value.is_object()) {
    value.each_member([&](std::string_view key, json::Value member) {
      if (!value.find(key)) std::abort();
      count += walk(member);
    });
  } else if (value.is_string()) {
    count += value.as_string().size();
  } else if (value.is_number()) {
    count += value.as_double() > 0 ? 1 : 0;
    try {
      count += static_cast<std::size_t>(value.as_int() & 1);
    } catch (
        const Error&) {  // not a whole number: names its path, which searches the whole document
    }
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document =
        json::Document::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
    walk(document.root());
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
