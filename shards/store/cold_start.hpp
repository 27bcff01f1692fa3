#pragma once
// The first run of a variant and length of prompt in its process is a row of its own, so that no table takes it for a
// repeat: kernels are chosen, memory pools filled and mapped weights read in it.

#include <cstdint>

namespace litebench::store {

/// UnitRow::repeat of such a run. Its `order` counts the cold starts of the process before it.
inline constexpr std::int16_t kColdStart = -1;
constexpr bool is_cold_start(std::int16_t repeat) { return repeat == kColdStart; }

}  // namespace litebench::store
