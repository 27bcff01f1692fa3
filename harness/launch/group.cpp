#include "harness/launch/group.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <mpi.h>

#include "harness/launch/watchdog.hpp"

namespace litebench::launch {

/// What MPI may still write to when a call has run out of time; given up and never freed then.
struct Group::State {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Request request = MPI_REQUEST_NULL;
  int mine = 0, smallest = 0;
  std::uint64_t length = 0;
  std::string text;
  bool unheard = false;
};

namespace {

[[noreturn]] void refuse_silence(std::chrono::duration<double> patience) {
  throw Error(
      ExitCode::restart, "the ranks lost each other while the weights came in",
      fmt::format("some rank said nothing for {:g} seconds: it is dead, it hangs, or what it "
                  "reads is slower than that",
                  patience.count()),
      "start again, with a larger model.broadcast_seconds if the storage is slow");
}

/// Making a communicator has no variant that can be waited for in small steps.
template <typename Make>
void guarded(std::chrono::duration<double> patience, Make make) {
  Watchdog watchdog([patience] {
    fmt::print(stderr, "litebench: some rank did not come within {:g} seconds\n", patience.count());
    Session::exit_now(static_cast<int>(ExitCode::restart));
  });
  watchdog.expect_within(patience);
  make();
  watchdog.done();
}

/// k of LITEBENCH_RANKS_PER_NODE; 0: machines are what they are.
int made_up_ranks_per_node() {
  const char* text = std::getenv("LITEBENCH_RANKS_PER_NODE");
  return text == nullptr ? 0 : std::max(std::atoi(text), 0);
}

}  // namespace

Group::Group(const Session& session, Seconds patience) : patience_(patience) {
  if (session.size() == 1) return;
  state_ = std::make_unique<State>();
  guarded(patience, [this] { MPI_Comm_dup(MPI_COMM_WORLD, &state_->comm); });
  rank_ = session.rank();
  size_ = session.size();
}

Group::Group(std::unique_ptr<State> state, Seconds patience)
    : state_(std::move(state)), patience_(patience) {
  if (!state_) return;
  MPI_Comm_rank(state_->comm, &rank_);
  MPI_Comm_size(state_->comm, &size_);
}

// Communicators live until MPI_Finalize: freeing one is a collective call without a deadline.
Group::~Group() {
  if (state_ && state_->unheard) static_cast<void>(state_.release());
}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;

Group Group::part(int number) const {
  if (!state_) return {nullptr, patience_};
  auto state = std::make_unique<State>();
  guarded(patience_, [&] { MPI_Comm_split(state_->comm, number, rank_, &state->comm); });
  return {std::move(state), patience_};
}

Group Group::node() const {
  if (!state_) return {nullptr, patience_};
  auto state = std::make_unique<State>();
  guarded(patience_, [&] {
    MPI_Comm_split_type(state_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &state->comm);
  });
  Group machine(std::move(state), patience_);
  const int ranks = made_up_ranks_per_node();
  return ranks == 0 ? std::move(machine) : machine.part(machine.rank() / ranks);
}

void Group::broadcast(std::span<std::byte> bytes, int from) const {
  if (!state_) return;
  check_heard();
  MPI_Ibcast(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, from, state_->comm,
             &state_->request);
  wait();
}

std::string Group::broadcast(std::string text, int from) const {
  if (!state_) return text;
  state_->length = text.size();
  broadcast(std::as_writable_bytes(std::span(&state_->length, 1)), from);
  state_->text = std::move(text);
  state_->text.resize(state_->length);
  broadcast(std::as_writable_bytes(std::span(state_->text)), from);
  return std::move(state_->text);
}

int Group::smallest(int value) const {
  if (!state_) return value;
  check_heard();
  state_->mine = value;
  MPI_Iallreduce(&state_->mine, &state_->smallest, 1, MPI_INT, MPI_MIN, state_->comm,
                 &state_->request);
  wait();
  return state_->smallest;
}

void Group::agree(const Error* mine) const {
  const int failed = smallest(mine != nullptr ? rank_ : size_);
  if (failed == size_) return;
  const int code = smallest(rank_ == failed ? static_cast<int>(mine->code()) : 1 << 20);
  throw Error(static_cast<ExitCode>(code), broadcast(mine != nullptr ? mine->what() : "", failed));
}

void Group::check_heard() const {
  if (state_->unheard) refuse_silence(patience_);
}

/// Polls: MPI's own waiting never gives up. Short at first, since pieces of weights follow each other closely.
void Group::wait() const {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto pause = std::chrono::microseconds(0);
  for (int done = 0;;) {
    MPI_Test(&state_->request, &done, MPI_STATUS_IGNORE);
    if (done != 0) return;
    if (Clock::now() - begin > patience_) break;
    if (pause.count() == 0) {
      std::this_thread::yield();
      if (Clock::now() - begin > std::chrono::microseconds(20))
        pause = std::chrono::microseconds(50);
    } else {
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::microseconds(500));
    }
  }
  state_->unheard = true;
  refuse_silence(patience_);
}

}  // namespace litebench::launch
