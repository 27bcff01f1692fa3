#pragma once
// Rank 0's helper thread: answers the ranks by the scheduler's rules.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "shards/handout/mailbox.hpp"
#include "shards/handout/scheduler.hpp"

namespace litebench::handout {

class Coordinator {
 public:
  using Clock = std::chrono::steady_clock;

  Coordinator(MPI_Comm comm, std::vector<WorkItem> items, std::uint32_t ranks, ProgressCallback progress,
              const MpiOptions& options);
  ~Coordinator() { finish(); }
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  /// Waits until every rank said its last word, or none has said anything for `silence`.
  void finish();
  [[nodiscard]] std::vector<RankReport> reports() const;   ///< after finish()

 private:
  struct Rank {
    RankReport report;
    Clock::time_point ended;
    std::uint32_t question = 0;        ///< highest seen
    bool open = false;                 ///< the question has no answer yet
    Need need = Need::soon;
    bool takes_phase1 = true;
    std::vector<std::uint32_t> held;   ///< granted and not told as done
    Clock::time_point heard;           ///< last word, or last grant
    std::optional<Clock::time_point> starved;   ///< since when nothing is left that it could begin
    bool hung = false;                 ///< others repeat its bundles
  };

  void work();
  bool receive();
  void handle(const Message<RankSays>& message);
  void note_done(Rank& rank, const Message<RankSays>& message);
  void answer(Rank& rank);
  void grant(Rank& rank, const std::vector<std::uint32_t>& indices);
  [[nodiscard]] bool overdue(const Rank& rank) const;
  [[nodiscard]] std::vector<std::uint32_t> repeat_for(const Rank& rank);
  void rescue();
  [[nodiscard]] bool only_hung_ranks_left() const;
  void answer_all_open();
  void stop_all();
  void show_progress(bool even_if_recent);
  void say_still_here();
  void say(const Rank& rank, CoordinatorSays::Kind kind, const std::vector<std::uint32_t>& indices = {});

  Mailbox mailbox_;
  Scheduler scheduler_;
  std::vector<Rank> ranks_;
  std::uint32_t ended_ = 0;
  ProgressCallback progress_;
  std::chrono::duration<double> silence_, overdue_;
  Clock::time_point last_message_ = Clock::now(), last_progress_ = last_message_, last_still_here_ = last_message_,
                    last_rescue_ = last_message_;
  std::atomic<bool> finishing_{false};
  std::thread thread_;   // last: everything it uses exists before it starts
};

}  // namespace litebench::handout
