#include "shards/handout/coordinator.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace litebench::handout {
namespace {

// Polling instead of a blocking receive: the latter spins and takes the core that rank 0 computes on (409 instead of
// 1213 requests/s in a mixed test). Right after a message the next one is near; later waking up is what costs.
constexpr useconds_t kShortSleep = 100;
constexpr useconds_t kLongSleep = 1500;
constexpr int kShortSleeps = 100;
constexpr std::chrono::milliseconds kProgressInterval{200};
constexpr std::chrono::seconds kStillHereInterval{2};

}  // namespace

Coordinator::Coordinator(MPI_Comm comm, std::vector<WorkItem> items, std::uint32_t ranks, ProgressCallback progress,
                         std::chrono::duration<double> silence)
    : mailbox_(comm),
      scheduler_(std::move(items), ranks),
      ranks_(ranks),
      progress_(std::move(progress)),
      silence_(silence) {
  for (std::uint32_t r = 0; r < ranks; ++r) ranks_[r].report.rank = r;
  thread_ = std::thread([this] { work(); });
}

void Coordinator::finish() {
  finishing_ = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<RankReport> Coordinator::reports() const {
  Clock::time_point last{};
  for (const Rank& rank : ranks_) {
    if (rank.report.reported) last = std::max(last, rank.ended);
  }
  std::vector<RankReport> reports;
  for (const Rank& rank : ranks_) {
    reports.push_back(rank.report);
    if (!rank.report.reported) continue;
    reports.back().end_idle_seconds = std::chrono::duration<double>(last - rank.ended).count();
  }
  return reports;
}

void Coordinator::work() {
  int idle_polls = 0;
  while (ended_ < ranks_.size()) {
    if (receive()) {
      idle_polls = 0;
      continue;
    }
    show_progress(false);
    say_still_here();
    mailbox_.flushed();
    if (finishing_ && Clock::now() - last_message_ > silence_) break;
    ::usleep(++idle_polls < kShortSleeps ? kShortSleep : kLongSleep);
  }
  show_progress(true);
  for (const Rank& rank : ranks_) {
    if (rank.report.reported) say(rank, CoordinatorSays::Kind::goodbye);
  }
  // The goodbyes are a few bytes; a rank that is gone must not keep this thread.
  for (int tries = 0; tries < 1000 && !mailbox_.flushed(); ++tries) ::usleep(kShortSleep);
}

bool Coordinator::receive() {
  const auto message = mailbox_.poll<RankSays>(kToCoordinator);
  if (!message) return false;
  last_message_ = Clock::now();
  handle(*message);
  return true;
}

void Coordinator::handle(const Message<RankSays>& message) {
  using Kind = RankSays::Kind;
  Rank& rank = ranks_[static_cast<std::size_t>(message.from)];
  note_done(rank, message);
  rank.takes_phase1 = message.head.takes_phase1 != 0;
  switch (message.head.kind) {
    case Kind::done: break;
    case Kind::stop: stop_all(); break;
    case Kind::ask_soon:
    case Kind::ask_now: {
      // An urgent repeat may cross its own answer, which then settles it.
      const bool repeat = message.head.question == rank.question;
      if (repeat && !rank.open) break;
      rank.question = message.head.question;
      rank.open = true;
      rank.need = message.head.kind == Kind::ask_now ? Need::now : Need::soon;
      answer(rank);
      break;
    }
    case Kind::last:
      rank.open = false;
      rank.ended = Clock::now();
      rank.report.waited_seconds = message.head.waited_seconds;
      rank.report.reported = true;
      ++ended_;
      // From here on rank 0 itself only waits, so silence of the others counts.
      if (message.from == 0) finishing_ = true;
      break;
  }
  if (message.head.done_count > 0 || message.head.kind == Kind::stop) answer_all_open();
  show_progress(false);
}

void Coordinator::note_done(Rank& rank, const Message<RankSays>& message) {
  if (message.indices.empty()) return;
  double cost = 0;
  for (const std::uint32_t index : message.indices) cost += scheduler_.cost_of(index);
  scheduler_.done(static_cast<std::uint32_t>(message.indices.size()), cost, message.head.busy_seconds);
  rank.report.bundles += message.indices.size();
  rank.report.busy_seconds += message.head.busy_seconds;
}

void Coordinator::answer(Rank& rank) {
  const Grant grant = scheduler_.request(rank.need, rank.takes_phase1);
  if (grant.answer == Answer::later) return;
  rank.open = false;
  const bool granted = grant.answer == Answer::grant;
  say(rank, granted ? CoordinatorSays::Kind::grant : CoordinatorSays::Kind::end, grant.indices);
}

void Coordinator::answer_all_open() {
  for (Rank& rank : ranks_) {
    if (rank.open && rank.need == Need::now) answer(rank);
  }
}

void Coordinator::stop_all() {
  if (scheduler_.stopped()) return;
  scheduler_.stop();
  for (const Rank& rank : ranks_) {
    if (!rank.report.reported) say(rank, CoordinatorSays::Kind::stop);
  }
}

void Coordinator::show_progress(bool even_if_recent) {
  const auto now = Clock::now();
  if (!progress_ || (!even_if_recent && now - last_progress_ < kProgressInterval)) return;
  last_progress_ = now;
  progress_(scheduler_.progress());
}

/// Ranks that wait for the others' last bundles, between the phases or at the end, see that rank 0 is alive.
void Coordinator::say_still_here() {
  const auto now = Clock::now();
  if (now - last_still_here_ < kStillHereInterval) return;
  last_still_here_ = now;
  for (const Rank& rank : ranks_) {
    const bool waits = rank.report.reported || (rank.open && rank.need == Need::now);
    if (waits) say(rank, CoordinatorSays::Kind::still_here);
  }
}

void Coordinator::say(const Rank& rank, CoordinatorSays::Kind kind, const std::vector<std::uint32_t>& indices) {
  const CoordinatorSays head{kind, rank.question, static_cast<std::uint32_t>(indices.size())};
  mailbox_.send(static_cast<int>(rank.report.rank), kToRank, head, indices);
}

}  // namespace litebench::handout
