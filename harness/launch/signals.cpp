#include "harness/launch/signals.hpp"

#include <atomic>
#include <cstddef>

#include <unistd.h>

namespace litebench::launch {
namespace {

constexpr std::array<int, 3> kSignals{SIGUSR1, SIGTERM, SIGINT};

// A signal handler can reach nothing else. Lock-free atomics are safe in a handler and seen by all
// threads.
std::atomic<int> strongest{0};
std::atomic<int> last_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  const int wish = static_cast<int>(number == SIGUSR1 ? Stop::graceful : Stop::abandon);
  const int before = strongest.load();
  last_signal.store(number);
  if (wish > before) strongest.store(wish);
  if (before == static_cast<int>(Stop::abandon) && wish == before) {
    ::signal(number, SIG_DFL);
    ::raise(number);  // delivered when this handler returns
  }
}

}  // namespace

SignalFlag::SignalFlag() {
  strongest = 0;
  last_signal = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // reading files must not fail half way
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &before_[i]);
}

SignalFlag::~SignalFlag() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
}

Stop SignalFlag::stop() const { return static_cast<Stop>(strongest.load()); }
int SignalFlag::signal() const { return last_signal.load(); }

}  // namespace litebench::launch
