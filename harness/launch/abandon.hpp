#pragma once
// SIGTERM and Ctrl-C: leave at once, from the middle of a bundle. What is committed is on its way
// to the disk and stays.

#include <functional>
#include <mutex>
#include <thread>

#include "harness/launch/signals.hpp"

namespace litebench::launch {

/// While it lives a thread watches the flag and ends the process with code 3 when it says abandon.
class AbandonGuard {
 public:
  explicit AbandonGuard(const SignalFlag& signals);
  ~AbandonGuard() = default;  // jthread: asks the thread to stop and joins it
  AbandonGuard(const AbandonGuard&) = delete;
  AbandonGuard& operator=(const AbandonGuard&) = delete;

  /// What to do before the process leaves; nothing to forget the last one.
  void before_leaving(std::function<void()> act);

 private:
  std::mutex mutex_;
  std::function<void()> act_;
  std::jthread thread_;
};

}  // namespace litebench::launch
