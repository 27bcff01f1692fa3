#pragma once
// Rank 0's helper thread: brings the desk what the ranks say, and the time.

#include <atomic>
#include <thread>
#include <vector>

#include "shards/handout/desk.hpp"
#include "shards/handout/mailbox.hpp"
#include "shards/handout/polling.hpp"

namespace litebench::handout {

class Coordinator {
 public:
  Coordinator(MPI_Comm comm, std::vector<WorkItem> items, std::uint32_t ranks,
              ProgressCallback progress, const MpiOptions& options);
  ~Coordinator() { finish(); }
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  /// Waits until every rank said its last word, or none has said anything for `silence`.
  void finish();
  [[nodiscard]] std::vector<RankReport> reports() const {
    return desk_.reports();
  }  ///< after finish()

 private:
  void work();
  bool receive();
  void show_progress(bool even_if_recent);

  Mailbox mailbox_;
  Desk desk_;
  ProgressCallback progress_;
  Patience patience_;
  Clock::time_point last_progress_ = Clock::now();
  std::atomic<bool> finishing_{false};
  std::thread thread_;  // last: everything it uses exists before it starts
};

}  // namespace litebench::handout
