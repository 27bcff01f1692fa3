#pragma once
// What ranks and the coordinator say to each other, however it travels.

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace litebench::handout {

/// Real time in a run, made-up time in a simulation.
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// What a rank says. Every message carries what was done since the last one: `done_count` indices follow the struct.
struct RankSays {
  enum class Kind : std::uint8_t { ask_soon, ask_now, done, stop, last } kind = Kind::done;
  std::uint8_t takes_phase1 = 1;
  std::uint32_t question = 0;  ///< number of the request, the same when it becomes urgent
  std::uint32_t done_count = 0;
  double busy_seconds = 0;    ///< of those done
  double waited_seconds = 0;  ///< in `last`: all waiting of this rank
};

/// What the coordinator says; `count` indices follow the struct.
struct CoordinatorSays {
  enum class Kind : std::uint8_t {
    grant,
    end,
    stop,
    still_here,
    goodbye,
    goodbye_others_lost
  } kind = Kind::grant;
  std::uint32_t question = 0;
  std::uint32_t count = 0;
};

template <typename Head>
struct Message {
  int from = 0;
  Head head;
  std::vector<std::uint32_t> indices;
};

/// How each side sends.
using TellCoordinator =
    std::function<void(const RankSays&, std::span<const std::uint32_t> indices)>;
using TellRank = std::function<void(std::uint32_t rank, const CoordinatorSays&,
                                    std::span<const std::uint32_t> indices)>;

}  // namespace litebench::handout
