#pragma once
// Signals as flags that the loop polls.

#include <array>

#include <signal.h>

namespace litebench::launch {

enum class Stop : int {
  no = 0,
  graceful = 1,  ///< SIGUSR1: finish the bundle in flight
  abandon = 2,   ///< SIGTERM, SIGINT: leave at once; what is committed is kept
};

/// While it lives SIGUSR1, SIGTERM and SIGINT only set a flag. A second SIGTERM or SIGINT ends the
/// process as if nobody caught it. One at a time per process.
class SignalFlag {
 public:
  SignalFlag();
  ~SignalFlag();
  SignalFlag(const SignalFlag&) = delete;
  SignalFlag& operator=(const SignalFlag&) = delete;

  /// The strongest wish so far.
  [[nodiscard]] Stop stop() const;
  [[nodiscard]] bool requested() const { return stop() != Stop::no; }
  [[nodiscard]] int signal() const;  ///< number of the last signal, 0 for none

 private:
  std::array<struct sigaction, 3> before_{};
};

}  // namespace litebench::launch
