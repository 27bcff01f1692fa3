#include "shards/handout/asker.hpp"

#include <utility>

namespace litebench::handout {
namespace {

constexpr std::size_t kMostDonePerMessage = 512;
constexpr Seconds kTellAtLeastEvery{0.5};

}  // namespace

Asker::Asker(std::uint32_t rank, bool takes_phase1, TellCoordinator tell, Clock::time_point now)
    : takes_phase1_(takes_phase1), tell_(std::move(tell)), last_told_(now) {
  report_.rank = rank;
}

std::optional<std::uint32_t> Asker::peek() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.front();
}

std::optional<std::uint32_t> Asker::take(Clock::time_point now) {
  const std::optional<std::uint32_t> index = peek();
  if (!index) return std::nullopt;
  queue_.pop_front();
  if (queue_.empty() && !ended_) ask(RankSays::Kind::ask_soon, now);
  return index;
}

void Asker::ask_now(Clock::time_point now) { ask(RankSays::Kind::ask_now, now); }

void Asker::done(std::uint32_t index, double seconds, Clock::time_point now) {
  done_.push_back(index);
  done_seconds_ += seconds;
  ++report_.bundles;
  report_.busy_seconds += seconds;
  if (done_.size() >= kMostDonePerMessage || now - last_told_ > kTellAtLeastEvery)
    tell(RankSays::Kind::done, now);
}

void Asker::stop(Clock::time_point now) {
  if (!report_.reported) tell(RankSays::Kind::stop, now);
  obey_stop();
}

void Asker::say_last_word(Clock::time_point now) {
  ended_ = true;
  report_.reported = true;
  tell(RankSays::Kind::last, now);
}

void Asker::give_up() { ended_ = report_.others_lost = true; }

void Asker::ask(RankSays::Kind kind, Clock::time_point now) {
  if (!asked_) ++question_;
  asked_ = true;
  tell(kind, now);
}

void Asker::tell(RankSays::Kind kind, Clock::time_point now) {
  RankSays head{kind};
  head.takes_phase1 = takes_phase1_ ? 1 : 0;
  head.question = question_;
  head.done_count = static_cast<std::uint32_t>(done_.size());
  head.busy_seconds = done_seconds_;
  head.waited_seconds = report_.waited_seconds;
  tell_(head, done_);
  done_.clear();
  done_seconds_ = 0;
  last_told_ = now;
}

void Asker::hear(const Message<CoordinatorSays>& message) {
  switch (message.head.kind) {
    case CoordinatorSays::Kind::grant:
      asked_ = false;
      if (!ended_) queue_.insert(queue_.end(), message.indices.begin(), message.indices.end());
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

void Asker::obey_stop() {
  ended_ = true;
  queue_.clear();
}

}  // namespace litebench::handout
