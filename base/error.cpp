#include "base/error.hpp"

#include <fmt/core.h>

namespace litebench {

Error::Error(ExitCode code, std::string_view problem, std::string_view reason,
             std::string_view advice)
    : std::runtime_error(fmt::format("{} ({}) {}", problem, reason, advice)), code_(code) {}

}  // namespace litebench
