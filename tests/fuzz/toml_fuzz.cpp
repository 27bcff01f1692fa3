// Any text with any --set either becomes a configuration whose printed form reads back to itself, or
// Error{usage}. What follows the last line that starts with "#set " is the assignment, so that the
// seeds are plain configurations.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "harness/config/config.hpp"

using namespace litebench;

namespace {

constexpr std::string_view kSet = "\n#set ";

config::Config parse(std::string_view text) {
  config::Overrides overrides;
  if (const std::size_t at = text.rfind(kSet); at != std::string_view::npos) {
    overrides.assignments.emplace_back(text.substr(at + kSet.size()));
    text = text.substr(0, at);
  }
  return config::parse_config(text, "fuzz", overrides);
}

/// Outside of the catch below: what was accepted once must be accepted again.
void check_round_trip(const config::Config& accepted) {
  const std::string once = config::print_config(accepted);
  if (config::print_config(config::parse_config(once, "printed", {})) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  config::Config accepted;
  try {
    accepted = parse({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) std::abort();
    return 0;
  }
  check_round_trip(accepted);
  return 0;
}
