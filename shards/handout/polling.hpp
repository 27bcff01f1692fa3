#pragma once
// How long those who wait for messages sleep between two looks.

#include <chrono>

namespace litebench::handout {

/// The coordinator's thread. Polling instead of a blocking receive: the latter spins and takes the core that rank 0
/// computes on (409 instead of 1213 requests/s in a mixed test). Right after a message the next one is near; later waking
/// up is what costs.
inline constexpr std::chrono::microseconds kShortSleep{100}, kLongSleep{1500};
inline constexpr int kShortSleeps = 100;

/// A rank that waits for an answer.
inline constexpr std::chrono::microseconds kRankSleep{50};

}  // namespace litebench::handout
