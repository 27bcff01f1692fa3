#pragma once
// The hand-out in made-up time: the run's own desk and askers, with bundles that take what is said and messages that
// take a while. Thousands of ranks in one thread.

#include <cstdint>
#include <span>
#include <vector>

#include "shards/handout/handout.hpp"
#include "shards/handout/messages.hpp"

namespace litebench::handout {

/// How long everything takes that is not a bundle.
struct SimulatedMachine {
  Seconds message{50e-6};   ///< on its way
  Seconds handling{20e-6};  ///< of one message by the coordinator's thread, answers included
  Seconds between{0};       ///< of a rank from one bundle to the next
  std::uint32_t ranks_per_device = 1;  ///< of them one does bundles of phase 1
};

struct SimulatedRun {
  double seconds = 0;  ///< until the last rank has nothing left to do
  std::vector<RankReport> reports;
  std::uint64_t messages = 0;  ///< that the coordinator handled
  std::uint64_t grants = 0;
  double coordinator_busy = 0;  ///< share of `seconds` that its thread spends on messages
  double desk_seconds = 0;      ///< measured, not made up: processor time of its decisions
  double worst_decision = 0;    ///< measured: the longest of them, s

  /// Share of all ranks' time in which they had nothing that they could begin, at the end; and in all, waiting for
  /// answers included.
  [[nodiscard]] double end_idle() const;
  [[nodiscard]] double idle() const;
};

/// `seconds[i]`: what the bundle of index i takes. Deterministic but for what is measured.
SimulatedRun simulate(std::span<const WorkItem> items, std::span<const double> seconds,
                      std::uint32_t ranks, const SimulatedMachine& machine = {});

/// When the last of `ranks` ends if every bundle goes, longest first, to the rank that is free first, its true length
/// known beforehand and nothing else taking time: what no hand-out without that knowledge can be expected to beat.
double longest_first_seconds(std::vector<double> seconds, std::uint32_t ranks);
/// The same in the order given.
double in_order_seconds(std::span<const double> seconds, std::uint32_t ranks);

}  // namespace litebench::handout
