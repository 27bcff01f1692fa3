#pragma once
// Rank 0's side of the hand-out without communication: what it answers to what it hears. The coordinator's thread
// brings it messages and the time; so does the simulation.

#include <optional>
#include <vector>

#include "shards/handout/messages.hpp"
#include "shards/handout/scheduler.hpp"

namespace litebench::handout {

class Desk {
 public:
  Desk(std::vector<WorkItem> items, std::uint32_t ranks, const MpiOptions& options, TellRank tell,
       Clock::time_point now);

  void hear(const Message<RankSays>& message, Clock::time_point now);
  /// From time to time, when there is nothing to hear: signs of life, bundles of hung ranks.
  void idle(Clock::time_point now);
  /// From now on rank 0 only waits, so silence of the others counts.
  void stop_working() { finishing_ = true; }

  [[nodiscard]] bool all_ended() const {
    return ended_ == ranks_.size();
  }  ///< every rank said its last word
  /// Those that did not are not waited for any more.
  [[nodiscard]] bool gives_up(Clock::time_point now) const;
  /// To everybody, once it is over.
  void say_goodbye();
  [[nodiscard]] Progress progress() const { return scheduler_.progress(); }
  [[nodiscard]] std::vector<RankReport> reports() const;

 private:
  struct Rank {
    RankReport report;
    Clock::time_point ended;
    std::uint32_t question = 0;  ///< highest seen
    bool open = false;           ///< the question has no answer yet
    Need need = Need::soon;
    bool takes_phase1 = true;
    std::vector<std::uint32_t> held;           ///< granted and not told as done
    Clock::time_point heard;                   ///< last word, or last grant
    std::optional<Clock::time_point> starved;  ///< since when nothing is left that it could begin
    bool hung = false;                         ///< others repeat its bundles
  };

  void note_done(Rank& rank, const Message<RankSays>& message);
  void note_phase1(Rank& rank, bool takes_it);
  void note_last(Rank& rank, const RankSays& word);
  void answer(Rank& rank);
  void grant(Rank& rank, const std::vector<std::uint32_t>& indices);
  [[nodiscard]] bool waits(const Rank& rank) const { return rank.open && rank.need == Need::now; }
  [[nodiscard]] bool overdue(const Rank& rank, Clock::time_point now) const;
  bool mark_hung();
  [[nodiscard]] std::vector<std::uint32_t> repeat_for(const Rank& rank) const;
  void rescue();
  [[nodiscard]] bool only_hung_ranks_left(Clock::time_point now) const;
  void answer_all_open();
  void stop_all();
  void say_still_here();
  void say(const Rank& rank, CoordinatorSays::Kind kind,
           const std::vector<std::uint32_t>& indices = {});

  Scheduler scheduler_;
  std::vector<Rank> ranks_;
  std::uint32_t ended_ = 0;
  bool finishing_ = false;
  Seconds silence_, overdue_;
  TellRank tell_;
  Clock::time_point now_, last_message_, last_still_here_, last_rescue_;
};

}  // namespace litebench::handout
