#pragma once
// SIGTERM and Ctrl-C: leave at once, from the middle of a bundle. What is committed is on its way
// to the disk and stays.

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

 private:
  std::jthread thread_;
};

}  // namespace litebench::launch
