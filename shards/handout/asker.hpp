#pragma once
// A rank's side of the hand-out without communication: what it does next and what it says. Whoever owns it brings it
// messages and the time, and waits where there is nothing to do.

#include <deque>
#include <optional>
#include <vector>

#include "shards/handout/handout.hpp"
#include "shards/handout/messages.hpp"

namespace litebench::handout {

class Asker {
 public:
  Asker(std::uint32_t rank, bool takes_phase1, TellCoordinator tell, Clock::time_point now);

  void hear(const Message<CoordinatorSays>& message);

  [[nodiscard]] bool has_work() const { return !queue_.empty(); }
  [[nodiscard]] bool ended() const { return ended_; }        ///< no bundle will come any more
  [[nodiscard]] bool dismissed() const { return goodbye_; }  ///< rank 0 has heard the last word
  [[nodiscard]] std::optional<std::uint32_t> peek() const;

  /// The next bundle of those it has. Asks for more when it was the last.
  std::optional<std::uint32_t> take(Clock::time_point now);
  /// It has nothing and waits from now on; then until when it waited.
  void ask_now(Clock::time_point now);
  void waited(Seconds seconds) { report_.waited_seconds += seconds.count(); }
  void done(std::uint32_t index, double seconds, Clock::time_point now);
  /// Tells everybody to stop, itself too.
  void stop(Clock::time_point now);
  void say_last_word(Clock::time_point now);
  /// Rank 0 does not answer any more.
  void give_up();

  [[nodiscard]] const RankReport& report() const { return report_; }

 private:
  void ask(RankSays::Kind kind, Clock::time_point now);
  void tell(RankSays::Kind kind, Clock::time_point now);
  void obey_stop();

  bool takes_phase1_;
  TellCoordinator tell_;
  RankReport report_;
  std::deque<std::uint32_t> queue_;
  std::vector<std::uint32_t> done_;
  double done_seconds_ = 0;
  Clock::time_point last_told_;
  std::uint32_t question_ = 0;
  bool asked_ = false, ended_ = false, goodbye_ = false;
};

}  // namespace litebench::handout
