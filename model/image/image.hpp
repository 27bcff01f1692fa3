#pragma once

#include <cstdint>
#include <vector>

namespace litebench::model {

/// A decoded picture: height × width × 3, RGB, uint8.
struct Decoded {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> rgb;
};

}  // namespace litebench::model
