#include "shards/handout/desk.hpp"

#include <algorithm>
#include <utility>

namespace litebench::handout {
namespace {

constexpr std::chrono::milliseconds kRescueInterval{200};
constexpr std::chrono::seconds kStillHereInterval{2};

}  // namespace

Desk::Desk(std::vector<WorkItem> items, std::uint32_t ranks, const MpiOptions& options,
           TellRank tell, Clock::time_point now)
    : scheduler_(std::move(items), ranks),
      ranks_(ranks),
      silence_(options.silence),
      overdue_(options.overdue),
      tell_(std::move(tell)),
      now_(now),
      last_message_(now),
      last_still_here_(now),
      last_rescue_(now) {
  for (std::uint32_t r = 0; r < ranks; ++r) {
    ranks_[r].report.rank = r;
    ranks_[r].heard = now;
  }
}

std::vector<RankReport> Desk::reports() const {
  Clock::time_point last{};
  for (const Rank& rank : ranks_) {
    if (rank.report.reported) last = std::max(last, rank.ended);
  }
  std::vector<RankReport> reports;
  for (const Rank& rank : ranks_) {
    reports.push_back(rank.report);
    reports.back().others_lost = !all_ended();
    if (!rank.report.reported) continue;
    reports.back().end_idle_seconds = Seconds(last - rank.ended).count();
  }
  return reports;
}

bool Desk::gives_up(Clock::time_point now) const {
  return finishing_ && (now - last_message_ > silence_ || only_hung_ranks_left(now));
}

void Desk::say_goodbye() {
  using Kind = CoordinatorSays::Kind;
  // Also to those that were given up: one that was only slow must not wait for answers that nobody gives any more.
  for (const Rank& rank : ranks_)
    say(rank, all_ended() ? Kind::goodbye : Kind::goodbye_others_lost);
}

void Desk::idle(Clock::time_point now) {
  now_ = now;
  say_still_here();
  rescue();
}

void Desk::hear(const Message<RankSays>& message, Clock::time_point now) {
  using Kind = RankSays::Kind;
  now_ = last_message_ = now;
  Rank& rank = ranks_[static_cast<std::size_t>(message.from)];
  rank.heard = now;
  rank.hung = false;
  note_done(rank, message);
  note_phase1(rank, message.head.takes_phase1 != 0);
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
    case Kind::last: note_last(rank, message.head); break;
  }
  if (message.head.done_count > 0 || message.head.kind == Kind::stop) answer_all_open();
}

void Desk::note_done(Rank& rank, const Message<RankSays>& message) {
  if (message.indices.empty()) return;
  const std::vector<bool> first = scheduler_.done(message.indices, message.head.busy_seconds);
  rank.report.bundles += static_cast<std::uint64_t>(std::count(first.begin(), first.end(), true));
  std::erase_if(rank.held, [this](std::uint32_t index) { return scheduler_.is_done(index); });
  rank.report.busy_seconds += message.head.busy_seconds;
}

void Desk::note_phase1(Rank& rank, bool takes_it) {
  if (rank.takes_phase1 == takes_it) return;
  rank.takes_phase1 = takes_it;
  const auto takers = std::count_if(ranks_.begin(), ranks_.end(), [](const Rank& r) { return r.takes_phase1; });
  scheduler_.set_phase1_ranks(static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(1, takers)));
}

void Desk::note_last(Rank& rank, const RankSays& word) {
  rank.open = false;
  // Waiting for others' last bundles is idleness at the end, wherever the rank waited.
  rank.ended = rank.starved.value_or(now_);
  rank.report.waited_seconds =
      std::max(0.0, word.waited_seconds - Seconds(now_ - rank.ended).count());
  rank.report.reported = true;
  ++ended_;
  if (rank.report.rank == 0) finishing_ = true;
}

void Desk::answer(Rank& rank) {
  const Grant answer = scheduler_.request(rank.need, rank.takes_phase1);
  if (answer.answer == Answer::grant) return grant(rank, answer.indices);
  if (rank.need == Need::now && !rank.starved) rank.starved = now_;
  if (answer.answer == Answer::later) return;
  rank.open = false;
  rank.heard = now_;  // its last word may now be expected
  say(rank, CoordinatorSays::Kind::end);
}

void Desk::grant(Rank& rank, const std::vector<std::uint32_t>& indices) {
  rank.open = false;
  rank.starved.reset();
  rank.heard = now_;
  rank.held.insert(rank.held.end(), indices.begin(), indices.end());
  say(rank, CoordinatorSays::Kind::grant, indices);
}

/// Silent for longer than its bundles can explain. Before anything was measured the first bundle may take a while: it
/// pays for everything that happens once.
bool Desk::overdue(const Rank& rank, Clock::time_point now) const {
  constexpr double kTimesPredicted = 4;
  constexpr double kUnmeasured = 6;
  double cost = 0;
  for (const std::uint32_t index : rank.held) cost += scheduler_.cost_of(index);
  const double speed = scheduler_.seconds_per_cost();
  const double patience = speed > 0 ? std::max(overdue_.count(), kTimesPredicted * cost * speed)
                                    : kUnmeasured * overdue_.count();
  return !rank.report.reported && Seconds(now - rank.heard).count() > patience;
}

/// Whether any rank with bundles is overdue; such ranks are hung until they say something.
bool Desk::mark_hung() {
  bool any = false;
  for (Rank& rank : ranks_) {
    if (rank.held.empty() || !overdue(rank, now_)) continue;
    rank.hung = any = true;
  }
  return any;
}

/// A bundle of hung ranks that `rank` may repeat: one at a time, since nobody knows yet whether they were hung for it.
std::vector<std::uint32_t> Desk::repeat_for(const Rank& rank) const {
  const auto held_by_a_working_rank = [this](std::uint32_t index) {
    return std::any_of(ranks_.begin(), ranks_.end(), [&](const Rank& other) {
      return !other.hung &&
             std::find(other.held.begin(), other.held.end(), index) != other.held.end();
    });
  };
  for (const Rank& other : ranks_) {
    if (&other == &rank || !other.hung) continue;
    for (const std::uint32_t index : other.held) {
      const bool allowed = rank.takes_phase1 || scheduler_.phase_of(index) == 0;
      if (allowed && !scheduler_.is_done(index) && !held_by_a_working_rank(index)) return {index};
    }
  }
  return {};
}

/// Idle ranks take over what hung ranks hold.
void Desk::rescue() {
  if (scheduler_.stopped() || now_ - last_rescue_ < kRescueInterval) return;
  last_rescue_ = now_;
  if (std::none_of(ranks_.begin(), ranks_.end(),
                   [this](const Rank& rank) { return waits(rank); }) ||
      !mark_hung())
    return;
  for (Rank& rank : ranks_) {
    if (!waits(rank)) continue;
    const std::vector<std::uint32_t> indices = repeat_for(rank);
    if (!indices.empty()) grant(rank, indices);
  }
}

/// Nothing is left to wait for: all is done (or stopped), and who has not come to the end is hung.
bool Desk::only_hung_ranks_left(Clock::time_point now) const {
  if (!scheduler_.drained() && !scheduler_.stopped()) return false;
  return std::all_of(ranks_.begin(), ranks_.end(),
                     [&](const Rank& rank) { return rank.report.reported || overdue(rank, now); });
}

void Desk::answer_all_open() {
  if (!scheduler_.has_answers()) return;
  for (Rank& rank : ranks_) {
    if (waits(rank)) answer(rank);
  }
}

void Desk::stop_all() {
  if (scheduler_.stopped()) return;
  scheduler_.stop();
  for (const Rank& rank : ranks_) {
    if (!rank.report.reported) say(rank, CoordinatorSays::Kind::stop);
  }
}

/// Ranks that wait for the others' last bundles, between the phases or at the end, see that rank 0 is alive.
void Desk::say_still_here() {
  if (now_ - last_still_here_ < kStillHereInterval) return;
  last_still_here_ = now_;
  for (const Rank& rank : ranks_) {
    if (rank.report.reported || waits(rank)) say(rank, CoordinatorSays::Kind::still_here);
  }
}

void Desk::say(const Rank& rank, CoordinatorSays::Kind kind,
               const std::vector<std::uint32_t>& indices) {
  tell_(rank.report.rank, {kind, rank.question, static_cast<std::uint32_t>(indices.size())},
        indices);
}

}  // namespace litebench::handout
