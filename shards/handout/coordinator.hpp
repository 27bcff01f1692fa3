#pragma once
// Rank 0's helper thread: answers the ranks by the scheduler's rules.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "shards/handout/mailbox.hpp"
#include "shards/handout/scheduler.hpp"

namespace litebench::handout {

class Coordinator {
 public:
  using Clock = std::chrono::steady_clock;

  Coordinator(MPI_Comm comm, std::vector<WorkItem> items, std::uint32_t ranks, ProgressCallback progress,
              std::chrono::duration<double> silence);
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
  };

  void work();
  bool receive();
  void handle(const Message<RankSays>& message);
  void note_done(Rank& rank, const Message<RankSays>& message);
  void answer(Rank& rank);
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
  std::chrono::duration<double> silence_;
  Clock::time_point last_message_ = Clock::now(), last_progress_ = last_message_, last_still_here_ = last_message_;
  std::atomic<bool> finishing_{false};
  std::thread thread_;   // last: everything it uses exists before it starts
};

}  // namespace litebench::handout
