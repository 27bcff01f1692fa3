#pragma once
// What to grant to whom: the rules of the hand-out without any communication.

#include <cstdint>
#include <vector>

#include "shards/handout/handout.hpp"

namespace litebench::handout {

/// How a rank asks.
enum class Need : std::uint8_t {
  soon,   ///< it has begun its last bundle
  now,    ///< it has nothing to do
};

enum class Answer : std::uint8_t {
  grant,  ///< here are bundles
  later,  ///< ask (or be answered) again after something has changed: others' bundles are not done yet
  end,    ///< nothing will come for this rank
};

struct Grant {
  Answer answer = Answer::end;
  std::vector<std::uint32_t> indices;
};

/// Longest bundle first within a phase; phase 1 begins when every bundle of phase 0 is done.
/// One bundle at a time unless bundles are so short that asking would cost more than computing.
class Scheduler {
 public:
  Scheduler(std::vector<WorkItem> items, std::uint32_t ranks);

  Grant request(Need need, bool takes_phase1);
  /// How many ranks take bundles of phase 1; all of them before anybody says.
  void set_phase1_ranks(std::uint32_t ranks) { phase1_ranks_ = ranks; }
  /// What was done, and the seconds it took; true for each the first time it is told.
  std::vector<bool> done(std::span<const std::uint32_t> indices, double seconds);
  void stop() { stopped_ = true; }

  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] bool drained() const { return done_ == items_.size(); }
  /// False: whoever waits would only be told to wait on.
  [[nodiscard]] bool has_answers() const;
  [[nodiscard]] double cost_of(std::uint32_t index) const;
  [[nodiscard]] bool is_done(std::uint32_t index) const { return index < is_done_.size() && is_done_[index]; }
  [[nodiscard]] std::uint8_t phase_of(std::uint32_t index) const;
  /// Seconds per unit of cost so far; 0 before anything was measured.
  [[nodiscard]] double seconds_per_cost() const { return measured_cost_ > 0 ? measured_seconds_ / measured_cost_ : 0; }
  [[nodiscard]] Progress progress() const { return {done_, granted_, items_.size(), ranks_}; }

 private:
  [[nodiscard]] std::uint64_t end_of_phase() const;
  [[nodiscard]] std::uint32_t ranks_of_phase() const;
  [[nodiscard]] double grant_cost(std::uint64_t left) const;

  std::vector<WorkItem> items_;        // in the order of granting
  std::vector<double> costs_;          // by index
  std::vector<std::uint8_t> phases_;   // by index
  std::vector<bool> is_done_;          // by index
  std::vector<double> cost_behind_;    // cost_behind_[i]: sum of items_[i...]
  std::uint64_t first_of_phase1_ = 0;
  std::uint32_t ranks_, phase1_ranks_;
  std::uint64_t granted_ = 0, done_ = 0;
  double measured_cost_ = 0, measured_seconds_ = 0;
  bool stopped_ = false;
};

/// Which items rank `rank` of `ranks` gets in a split made beforehand: longest first to the least loaded.
std::vector<WorkItem> static_part(std::span<const WorkItem> items, std::uint32_t rank, std::uint32_t ranks);

}  // namespace litebench::handout
