#include "harness/launch/abandon.hpp"

#include <chrono>
#include <utility>

#include "base/error.hpp"
#include "harness/launch/session.hpp"

namespace litebench::launch {

AbandonGuard::AbandonGuard(const SignalFlag& signals)
    : thread_([this, &signals](const std::stop_token& over) {
        while (!over.stop_requested()) {
          if (signals.stop() == Stop::abandon) {
            const std::lock_guard lock(mutex_);
            if (act_) act_();
            Session::exit_now(static_cast<int>(ExitCode::incomplete));
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
      }) {}

void AbandonGuard::before_leaving(std::function<void()> act) {
  const std::lock_guard lock(mutex_);
  act_ = std::move(act);
}

}  // namespace litebench::launch
