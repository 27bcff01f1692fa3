#pragma once
// Runs a function in a process of its own, so that a crash, a hang or a kill is an observation.

#include <functional>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace litebench::store::sample {

inline pid_t start_child(const std::function<int()>& act, unsigned seconds = 60) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::alarm(seconds);
  int code = 99;
  try {
    code = act();
  } catch (...) {
  }
  ::_exit(code);
}

/// Exit code, or minus the signal that ended it.
inline int wait_child(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace litebench::store::sample
