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
                         const MpiOptions& options)
    : mailbox_(comm),
      scheduler_(std::move(items), ranks),
      ranks_(ranks),
      progress_(std::move(progress)),
      silence_(options.silence),
      overdue_(options.overdue) {
  for (std::uint32_t r = 0; r < ranks; ++r) {
    ranks_[r].report.rank = r;
    ranks_[r].heard = last_message_;
  }
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
    reports.back().others_lost = ended_ < ranks_.size();
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
    rescue();
    mailbox_.flushed();
    if (finishing_ && (Clock::now() - last_message_ > silence_ || only_hung_ranks_left())) break;
    ::usleep(++idle_polls < kShortSleeps ? kShortSleep : kLongSleep);
  }
  show_progress(true);
  using Kind = CoordinatorSays::Kind;
  // Also to those that were given up: one that was only slow must not wait for answers that nobody gives any more.
  for (const Rank& rank : ranks_) say(rank, ended_ < ranks_.size() ? Kind::goodbye_others_lost : Kind::goodbye);
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
  rank.heard = last_message_;
  rank.hung = false;
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
      // Waiting for others' last bundles is idleness at the end, wherever the rank waited.
      rank.ended = rank.starved.value_or(Clock::now());
      rank.report.waited_seconds = std::max(
          0.0, message.head.waited_seconds - std::chrono::duration<double>(Clock::now() - rank.ended).count());
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
  const std::vector<bool> first = scheduler_.done(message.indices, message.head.busy_seconds);
  rank.report.bundles += static_cast<std::uint64_t>(std::count(first.begin(), first.end(), true));
  std::erase_if(rank.held, [this](std::uint32_t index) { return scheduler_.is_done(index); });
  rank.report.busy_seconds += message.head.busy_seconds;
}

void Coordinator::answer(Rank& rank) {
  const Grant answer = scheduler_.request(rank.need, rank.takes_phase1);
  if (answer.answer == Answer::grant) return grant(rank, answer.indices);
  if (rank.need == Need::now && !rank.starved) rank.starved = Clock::now();
  if (answer.answer == Answer::later) return;
  rank.open = false;
  rank.heard = Clock::now();   // its last word may now be expected
  say(rank, CoordinatorSays::Kind::end);
}

void Coordinator::grant(Rank& rank, const std::vector<std::uint32_t>& indices) {
  rank.open = false;
  rank.starved.reset();
  rank.heard = Clock::now();
  rank.held.insert(rank.held.end(), indices.begin(), indices.end());
  say(rank, CoordinatorSays::Kind::grant, indices);
}

/// Silent for longer than its bundles can explain. Before anything was measured the first bundle may take a while: it
/// pays for everything that happens once.
bool Coordinator::overdue(const Rank& rank) const {
  constexpr double kTimesPredicted = 4;
  constexpr double kUnmeasured = 6;
  double cost = 0;
  for (const std::uint32_t index : rank.held) cost += scheduler_.cost_of(index);
  const double speed = scheduler_.seconds_per_cost();
  const double patience = speed > 0 ? std::max(overdue_.count(), kTimesPredicted * cost * speed)
                                    : kUnmeasured * overdue_.count();
  return !rank.report.reported && std::chrono::duration<double>(Clock::now() - rank.heard).count() > patience;
}

/// Bundles of hung ranks that `rank` may repeat: one at a time, since nobody knows yet whether they were hung for it.
std::vector<std::uint32_t> Coordinator::repeat_for(const Rank& rank) {
  const auto held_by_a_working_rank = [this](std::uint32_t index) {
    return std::any_of(ranks_.begin(), ranks_.end(), [&](const Rank& other) {
      return !other.hung && std::find(other.held.begin(), other.held.end(), index) != other.held.end();
    });
  };
  for (Rank& other : ranks_) {
    if (&other == &rank || other.held.empty() || !overdue(other)) continue;
    other.hung = true;
    for (const std::uint32_t index : other.held) {
      const bool allowed = rank.takes_phase1 || scheduler_.phase_of(index) == 0;
      if (allowed && !scheduler_.is_done(index) && !held_by_a_working_rank(index)) return {index};
    }
  }
  return {};
}

/// Idle ranks take over what hung ranks hold.
void Coordinator::rescue() {
  const auto now = Clock::now();
  if (scheduler_.stopped() || now - last_rescue_ < kProgressInterval) return;
  last_rescue_ = now;
  for (Rank& rank : ranks_) {
    if (!rank.open || rank.need != Need::now) continue;
    const std::vector<std::uint32_t> indices = repeat_for(rank);
    if (!indices.empty()) grant(rank, indices);
  }
}

/// Nothing is left to wait for: all is done (or stopped), and who has not come to the end is hung.
bool Coordinator::only_hung_ranks_left() const {
  if (!scheduler_.drained() && !scheduler_.stopped()) return false;
  return std::all_of(ranks_.begin(), ranks_.end(),
                     [this](const Rank& rank) { return rank.report.reported || overdue(rank); });
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
