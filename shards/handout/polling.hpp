#pragma once
// How long those who wait for messages sleep between two looks.

#include <chrono>

#include "shards/handout/messages.hpp"

namespace litebench::handout {

/// The coordinator's thread. Polling instead of a blocking receive: the latter spins and takes the core that rank 0
/// computes on (409 instead of 1213 requests/s in a mixed test). A look costs some 20 us of that core and interrupts
/// whoever computes there, so the thread looks often only while somebody stands idle.
inline constexpr std::chrono::microseconds kShortSleep{100}, kLongSleep{4000};
inline constexpr int kShortSleeps = 100;

/// A rank that waits for an answer.
inline constexpr std::chrono::microseconds kRankSleep{50};

/// Whether its sender does nothing until it is answered. `ask_soon` is sent with a bundle still to compute.
inline bool is_urgent(RankSays::Kind kind) {
  return kind != RankSays::Kind::ask_soon && kind != RankSays::Kind::done;
}

/// Short sleeps after something urgent, since the next one is near then; long ones otherwise.
class Patience {
 public:
  void heard(RankSays::Kind kind) {
    if (is_urgent(kind)) short_ones_ = kShortSleeps;
  }
  std::chrono::microseconds next_sleep() {
    if (short_ones_ == 0) return kLongSleep;
    --short_ones_;
    return kShortSleep;
  }

 private:
  int short_ones_ = kShortSleeps;
};

}  // namespace litebench::handout
