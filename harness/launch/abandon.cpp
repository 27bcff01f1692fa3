#include "harness/launch/abandon.hpp"

#include <chrono>

#include "base/error.hpp"
#include "harness/launch/session.hpp"

namespace litebench::launch {

AbandonGuard::AbandonGuard(const SignalFlag& signals)
    : thread_([&signals](const std::stop_token& over) {
        while (!over.stop_requested()) {
          if (signals.stop() == Stop::abandon)
            Session::exit_now(static_cast<int>(ExitCode::incomplete));
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
      }) {}

}  // namespace litebench::launch
