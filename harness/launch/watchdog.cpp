#include "harness/launch/watchdog.hpp"

#include <utility>

namespace litebench::launch {

Watchdog::Watchdog(std::function<void()> bark) : bark_(std::move(bark)) {
  thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Watchdog::expect_within(Seconds deadline) {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(deadline);
  if (deadline_ < sleeps_until_) wake_.notify_one();
}

// The thread is left to wake up at the old deadline, so that short pieces of work cost no switch.
void Watchdog::done() {
  const std::lock_guard lock(mutex_);
  deadline_ = Clock::time_point::max();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    sleeps_until_ = deadline_;
    const auto sooner = [this] { return ending_ || deadline_ < sleeps_until_; };
    if (sleeps_until_ == Clock::time_point::max()) {
      wake_.wait(lock, sooner);
    } else if (!wake_.wait_until(lock, sleeps_until_, sooner) && deadline_ <= Clock::now()) {
      lock.unlock();
      bark_();
      return;
    }
  }
}

}  // namespace litebench::launch
