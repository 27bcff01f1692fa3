#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include <mpi.h>
#include <unistd.h>

#include "shards/handout/coordinator.hpp"
#include "shards/handout/handout.hpp"
#include "shards/handout/mailbox.hpp"

namespace litebench::handout {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kMostDonePerMessage = 512;
constexpr Seconds kTellAtLeastEvery{0.5};
constexpr useconds_t kPollSleep = 50;

class MpiHandout : public Handout {
 public:
  MpiHandout(MPI_Comm comm, std::unique_ptr<Coordinator> coordinator, const MpiOptions& options)
      : mailbox_(comm), coordinator_(std::move(coordinator)), options_(options) {
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    report_.rank = static_cast<std::uint32_t>(rank);
  }

  ~MpiHandout() override { finish(); }

  std::optional<std::uint32_t> next() override {
    receive_all();
    if (queue_.empty() && !ended_) wait_for_grant();
    if (queue_.empty()) return std::nullopt;
    const std::uint32_t index = queue_.front();
    queue_.pop_front();
    if (queue_.empty() && !ended_) ask(RankSays::Kind::ask_soon);
    return index;
  }

  std::optional<std::uint32_t> peek() override {
    receive_all();
    if (queue_.empty()) return std::nullopt;
    return queue_.front();
  }

  void done(std::uint32_t index, double seconds) override {
    done_.push_back(index);
    done_seconds_ += seconds;
    ++report_.bundles;
    report_.busy_seconds += seconds;
    if (done_.size() >= kMostDonePerMessage || Clock::now() - last_told_ > kTellAtLeastEvery) tell(RankSays::Kind::done);
  }

  void stop() override {
    if (!finished_) tell(RankSays::Kind::stop);
    obey_stop();
  }

  std::vector<RankReport> finish() override {
    if (!std::exchange(finished_, true)) say_last_word();
    return coordinator_ ? coordinator_->reports() : std::vector<RankReport>{report_};
  }

 private:
  void ask(RankSays::Kind kind) {
    if (!asked_) ++question_;
    asked_ = true;
    tell(kind);
  }

  void tell(RankSays::Kind kind) {
    RankSays head{kind};
    head.takes_phase1 = options_.takes_phase1 ? 1 : 0;
    head.question = question_;
    head.done_count = static_cast<std::uint32_t>(done_.size());
    head.busy_seconds = done_seconds_;
    head.waited_seconds = report_.waited_seconds;
    mailbox_.send(0, kToCoordinator, head, done_);
    done_.clear();
    done_seconds_ = 0;
    last_told_ = Clock::now();
  }

  void receive_all() {
    while (const auto message = mailbox_.poll<CoordinatorSays>(kToRank)) {
      last_heard_ = Clock::now();
      switch (message->head.kind) {
        case CoordinatorSays::Kind::grant:
          asked_ = false;
          if (!ended_) queue_.insert(queue_.end(), message->indices.begin(), message->indices.end());
          break;
        case CoordinatorSays::Kind::end:
          asked_ = false;
          ended_ = true;
          break;
        case CoordinatorSays::Kind::stop: obey_stop(); break;
        case CoordinatorSays::Kind::still_here: break;
        case CoordinatorSays::Kind::goodbye_others_lost: report_.others_lost = true; [[fallthrough]];
        case CoordinatorSays::Kind::goodbye:
          goodbye_ = true;
          obey_stop();
          break;
      }
    }
  }

  void obey_stop() {
    ended_ = true;
    queue_.clear();
  }

  void wait_for_grant() {
    const auto begin = Clock::now();
    ask(RankSays::Kind::ask_now);
    wait_until([this] { return !queue_.empty() || ended_; });
    if (queue_.empty() && !ended_) ended_ = report_.others_lost = true;   // the coordinator is gone
    report_.waited_seconds += Seconds(Clock::now() - begin).count();
  }

  template <typename Condition>
  void wait_until(Condition fulfilled) {
    last_heard_ = Clock::now();
    for (receive_all(); !fulfilled() && Clock::now() - last_heard_ < options_.silence; receive_all()) {
      mailbox_.flushed();
      ::usleep(kPollSleep);
    }
  }

  void say_last_word() {
    ended_ = true;
    report_.reported = true;
    tell(RankSays::Kind::last);
    // The goodbye is the last message for this rank, so nothing is left unreceived at MPI_Finalize.
    if (!report_.others_lost) wait_until([this] { return goodbye_; });
    if (!goodbye_) report_.others_lost = true;
    if (coordinator_) coordinator_->finish();
  }

  Mailbox mailbox_;   // its communicator lives until MPI_Finalize: freeing it would be a collective call
  std::unique_ptr<Coordinator> coordinator_;   // rank 0
  MpiOptions options_;
  RankReport report_;
  std::deque<std::uint32_t> queue_;
  std::vector<std::uint32_t> done_;
  double done_seconds_ = 0;
  Clock::time_point last_told_ = Clock::now(), last_heard_ = last_told_;
  std::uint32_t question_ = 0;
  bool asked_ = false, ended_ = false, goodbye_ = false, finished_ = false;
};

std::vector<WorkItem> broadcast(std::vector<WorkItem> items) {
  auto count = static_cast<std::uint64_t>(items.size());
  MPI_Bcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  items.resize(count);
  MPI_Bcast(items.data(), static_cast<int>(count * sizeof(WorkItem)), MPI_BYTE, 0, MPI_COMM_WORLD);
  return items;
}

}  // namespace

std::unique_ptr<Handout> make_mpi(std::vector<WorkItem> items, ProgressCallback progress, const MpiOptions& options) {
  int started = 0;
  int ranks = 1;
  int rank = 0;
  MPI_Initialized(&started);
  if (started != 0) MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks == 1) return make_local(std::move(items), std::move(progress));
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  int level = MPI_THREAD_SINGLE;
  MPI_Query_thread(&level);
  MPI_Allreduce(MPI_IN_PLACE, &level, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  const auto size = static_cast<std::uint32_t>(ranks);
  if (level < MPI_THREAD_MULTIPLE) {
    const std::vector<WorkItem> all = broadcast(std::move(items));
    return make_static(all, static_cast<std::uint32_t>(rank), size, rank == 0 ? std::move(progress) : nullptr);
  }
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  std::unique_ptr<Coordinator> coordinator;
  if (rank == 0) {
    coordinator = std::make_unique<Coordinator>(comm, std::move(items), size, std::move(progress), options);
  }
  return std::make_unique<MpiHandout>(comm, std::move(coordinator), options);
}

}  // namespace litebench::handout
