#pragma once
// What MPI promises to threads, and what a run makes of it.

#include <string>

namespace litebench::launch {

struct ThreadLevel {
  std::string library;             ///< "Open MPI v4.1.4"
  std::string required, provided;  ///< "MPI_THREAD_MULTIPLE"
  bool multiple = false;           ///< provided suffices for a coordinator beside the computation
};

/// Starts MPI as a run does and ends it again, so at most once in a process.
ThreadLevel probe_thread_level();

/// What a run of several ranks does at that level.
std::string consequence_of(const ThreadLevel& level);

}  // namespace litebench::launch
