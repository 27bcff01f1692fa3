#pragma once
// Ends the process when one piece of work takes too long: a device that hangs answers nothing else.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace litebench::launch {

class Watchdog {
 public:
  using Seconds = std::chrono::duration<double>;

  /// `bark` is called on the watchdog's thread when a deadline has passed, once.
  explicit Watchdog(std::function<void()> bark);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void expect_within(Seconds deadline);  ///< from now
  void done();

 private:
  using Clock = std::chrono::steady_clock;
  void watch();

  std::function<void()> bark_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point sleeps_until_ = Clock::time_point::max();
  bool ending_ = false;
  std::thread thread_;  // last: everything it uses exists before it starts
};

}  // namespace litebench::launch
