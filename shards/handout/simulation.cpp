#include "shards/handout/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <queue>
#include <utility>

#include "shards/handout/asker.hpp"
#include "shards/handout/desk.hpp"
#include "shards/handout/polling.hpp"

namespace litebench::handout {
namespace {

using Time = double;  // seconds since the start

Clock::time_point clock_of(Time time) {
  return Clock::time_point(std::chrono::duration_cast<Clock::duration>(Seconds(time)));
}

/// When a thread that fell asleep at `since`, and sleeps shortly until `patient`, looks for messages at `time` or later.
Time coordinator_looks(Time since, Time patient, Time time) {
  const auto next = [](Time from, Seconds step, Time to) {
    return from + std::ceil(std::max(0.0, to - from) / step.count()) * step.count();
  };
  const Time first = std::max(since, patient);
  return time <= first ? next(since, kShortSleep, time) : next(first, kLongSleep, time);
}

class Simulation {
 public:
  Simulation(std::span<const WorkItem> items, std::span<const double> seconds, std::uint32_t ranks,
             const SimulatedMachine& machine)
      : seconds_(seconds),
        machine_(machine),
        desk_(
            {items.begin(), items.end()}, ranks, {},
            [this](std::uint32_t rank, const CoordinatorSays& head,
                   std::span<const std::uint32_t> indices) {
              if (head.kind == CoordinatorSays::Kind::grant) ++run_.grants;
              to_rank(rank, {0, head, {indices.begin(), indices.end()}});
            },
            clock_of(0)) {
    for (std::uint32_t r = 0; r < ranks; ++r) {
      const auto tell = [this, r](const RankSays& head, std::span<const std::uint32_t> indices) {
        to_coordinator({static_cast<int>(r), head, {indices.begin(), indices.end()}});
      };
      ranks_.push_back(std::make_unique<Rank>(
          Rank{Asker(r, r % machine.ranks_per_device == 0, tell, clock_of(0))}));
    }
  }

  SimulatedRun run() {
    for (auto& rank : ranks_) at(0, [this, &rank] { go_on(*rank); });
    at(kTick, [this] { tick(); });
    while (!events_.empty() && !desk_.all_ended()) {
      now_ = events_.top().time;
      const auto what = std::move(events_.top().what);
      events_.pop();
      what();
    }
    run_.reports = desk_.reports();
    run_.seconds = last_work_;
    run_.coordinator_busy =
        last_work_ > 0 ? machine_.handling.count() * static_cast<double>(run_.messages) / last_work_
                       : 0;
    return std::move(run_);
  }

 private:
  static constexpr Time kTick = 0.2;

  struct Rank {
    Asker asker;
    std::vector<Message<CoordinatorSays>> inbox = {};  // arrived, not looked at
    bool waiting = false;
    Time since = 0;  // waiting
  };
  struct Event {
    Time time;
    std::uint64_t order;  // of equal times the one scheduled first
    mutable std::function<void()> what;
    bool operator<(const Event& other) const {
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };

  void at(Time time, std::function<void()> what) {
    events_.push({time, scheduled_++, std::move(what)});
  }

  /// The coordinator's thread takes messages one by one; asleep, it sees them when it wakes up.
  void to_coordinator(Message<RankSays> message) {
    const Time arrives = now_ + machine_.message.count();
    at(arrives, [this, message = std::move(message)]() mutable {
      const Time begins = now_ <= free_at_ ? free_at_ : coordinator_looks(free_at_, patient_, now_);
      free_at_ = begins + machine_.handling.count();
      if (is_urgent(message.head.kind))
        patient_ = free_at_ + kShortSleeps * Seconds(kShortSleep).count();
      at(free_at_, [this, message = std::move(message)] {
        ++run_.messages;
        decide([&] { desk_.hear(message, clock_of(now_)); });
      });
    });
  }

  void tick() {
    decide([&] { desk_.idle(clock_of(now_)); });
    at(now_ + kTick, [this] { tick(); });
  }

  template <typename Work>
  void decide(Work work) {
    const auto begin = Clock::now();
    work();
    const double took = Seconds(Clock::now() - begin).count();
    run_.desk_seconds += took;
    run_.worst_decision = std::max(run_.worst_decision, took);
  }

  void to_rank(std::uint32_t to, Message<CoordinatorSays> message) {
    at(now_ + machine_.message.count(), [this, to, message = std::move(message)]() mutable {
      Rank& rank = *ranks_[to];
      rank.inbox.push_back(std::move(message));
      if (!rank.waiting) return;  // it looks between two bundles
      const double step = Seconds(kRankSleep).count();
      const Time looks = rank.since + std::ceil((now_ - rank.since) / step) * step;
      at(looks, [this, &rank] { wake(rank); });
    });
  }

  void look(Rank& rank) {
    for (const auto& message : rank.inbox) rank.asker.hear(message);
    rank.inbox.clear();
  }

  void wake(Rank& rank) {
    if (!rank.waiting) return;
    look(rank);
    if (!rank.asker.has_work() && !rank.asker.ended()) return;
    rank.waiting = false;
    rank.asker.waited(Seconds(now_ - rank.since));
    go_on(rank);
  }

  /// Handout::next() and what the run's loop does with it.
  void go_on(Rank& rank) {
    look(rank);
    if (!rank.asker.has_work() && !rank.asker.ended()) {
      rank.waiting = true;
      rank.since = now_;
      return rank.asker.ask_now(clock_of(now_));
    }
    const auto index = rank.asker.take(clock_of(now_));
    if (!index) {
      if (!rank.asker.report().reported) rank.asker.say_last_word(clock_of(now_));
      return;
    }
    const double takes = seconds_[*index];
    at(now_ + takes, [this, &rank, index = *index, takes] {
      last_work_ = now_;
      rank.asker.done(index, takes, clock_of(now_));
      at(now_ + machine_.between.count(), [this, &rank] { go_on(rank); });
    });
  }

  std::span<const double> seconds_;
  SimulatedMachine machine_;
  Desk desk_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::priority_queue<Event> events_;
  std::uint64_t scheduled_ = 0;
  Time now_ = 0, free_at_ = 0, last_work_ = 0;
  Time patient_ = kShortSleeps * Seconds(kShortSleep).count();  // until then it sleeps shortly
  SimulatedRun run_;
};

template <typename Part>
double share(const SimulatedRun& run, Part part) {
  double sum = 0;
  for (const RankReport& report : run.reports) sum += part(report);
  const double all = run.seconds * static_cast<double>(run.reports.size());
  return all > 0 ? sum / all : 0;
}

}  // namespace

double SimulatedRun::end_idle() const {
  return share(*this, [](const RankReport& r) { return r.end_idle_seconds; });
}

double SimulatedRun::idle() const {
  return share(*this, [](const RankReport& r) { return r.end_idle_seconds + r.waited_seconds; });
}

SimulatedRun simulate(std::span<const WorkItem> items, std::span<const double> seconds,
                      std::uint32_t ranks, const SimulatedMachine& machine) {
  return Simulation(items, seconds, ranks, machine).run();
}

double longest_first_seconds(std::vector<double> seconds, std::uint32_t ranks) {
  std::sort(seconds.begin(), seconds.end(), std::greater<>());
  return in_order_seconds(seconds, ranks);
}

double in_order_seconds(std::span<const double> seconds, std::uint32_t ranks) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (std::uint32_t r = 0; r < ranks; ++r) free_at.push(0);
  double last = 0;
  for (const double one : seconds) {
    const double end = free_at.top() + one;
    free_at.pop();
    free_at.push(end);
    last = std::max(last, end);
  }
  return last;
}

}  // namespace litebench::handout
