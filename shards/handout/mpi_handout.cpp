#include <thread>
#include <utility>

#include <mpi.h>

#include "shards/handout/asker.hpp"
#include "shards/handout/coordinator.hpp"
#include "shards/handout/handout.hpp"
#include "shards/handout/mailbox.hpp"
#include "shards/handout/polling.hpp"

namespace litebench::handout {
namespace {

int rank_in(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

class MpiHandout : public Handout {
 public:
  MpiHandout(MPI_Comm comm, std::unique_ptr<Coordinator> coordinator, const MpiOptions& options)
      : mailbox_(comm),
        coordinator_(std::move(coordinator)),
        silence_(options.silence),
        asker_(
            static_cast<std::uint32_t>(rank_in(comm)), options.takes_phase1,
            [this](const RankSays& head, std::span<const std::uint32_t> indices) {
              mailbox_.send(0, kToCoordinator, head, indices);
            },
            Clock::now()) {}

  ~MpiHandout() override { finish(); }

  std::optional<std::uint32_t> next() override {
    receive_all();
    if (!asker_.has_work() && !asker_.ended()) wait_for_grant();
    return asker_.take(Clock::now());
  }

  std::optional<std::uint32_t> peek() override {
    receive_all();
    return asker_.peek();
  }

  void done(std::uint32_t index, double seconds) override {
    asker_.done(index, seconds, Clock::now());
  }

  void stop() override { asker_.stop(Clock::now()); }

  std::vector<RankReport> finish() override {
    if (!asker_.report().reported) say_last_word();
    return coordinator_ ? coordinator_->reports() : std::vector<RankReport>{asker_.report()};
  }

 private:
  void receive_all() {
    while (const auto message = mailbox_.poll<CoordinatorSays>(kToRank)) {
      last_heard_ = Clock::now();
      asker_.hear(*message);
    }
  }

  void wait_for_grant() {
    const auto begin = Clock::now();
    asker_.ask_now(begin);
    wait_until([this] { return asker_.has_work() || asker_.ended(); });
    if (!asker_.has_work() && !asker_.ended()) asker_.give_up();  // the coordinator is gone
    asker_.waited(Clock::now() - begin);
  }

  template <typename Condition>
  void wait_until(Condition fulfilled) {
    last_heard_ = Clock::now();
    for (receive_all(); !fulfilled() && Clock::now() - last_heard_ < silence_; receive_all()) {
      mailbox_.flushed();
      std::this_thread::sleep_for(kRankSleep);
    }
  }

  void say_last_word() {
    asker_.say_last_word(Clock::now());
    // The goodbye is the last message for this rank, so nothing is left unreceived at MPI_Finalize.
    if (!asker_.report().others_lost) wait_until([this] { return asker_.dismissed(); });
    if (!asker_.dismissed()) asker_.give_up();
    if (coordinator_) coordinator_->finish();
  }

  Mailbox
      mailbox_;  // its communicator lives until MPI_Finalize: freeing it would be a collective call
  std::unique_ptr<Coordinator> coordinator_;  // rank 0
  Seconds silence_;
  Asker asker_;
  Clock::time_point last_heard_ = Clock::now();
};

std::vector<WorkItem> broadcast(std::vector<WorkItem> items) {
  auto count = static_cast<std::uint64_t>(items.size());
  MPI_Bcast(&count, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  items.resize(count);
  MPI_Bcast(items.data(), static_cast<int>(count * sizeof(WorkItem)), MPI_BYTE, 0, MPI_COMM_WORLD);
  return items;
}

}  // namespace

std::unique_ptr<Handout> make_mpi(std::vector<WorkItem> items, ProgressCallback progress,
                                  const MpiOptions& options) {
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
    return make_static(all, static_cast<std::uint32_t>(rank), size,
                       rank == 0 ? std::move(progress) : nullptr);
  }
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  std::unique_ptr<Coordinator> coordinator;
  if (rank == 0) {
    coordinator =
        std::make_unique<Coordinator>(comm, std::move(items), size, std::move(progress), options);
  }
  return std::make_unique<MpiHandout>(comm, std::move(coordinator), options);
}

}  // namespace litebench::handout
