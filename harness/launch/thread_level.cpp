#include "harness/launch/thread_level.hpp"

#include <array>

#include <mpi.h>

namespace litebench::launch {
namespace {

std::string name_of(int level) {
  switch (level) {
    case MPI_THREAD_SINGLE: return "MPI_THREAD_SINGLE";
    case MPI_THREAD_FUNNELED: return "MPI_THREAD_FUNNELED";
    case MPI_THREAD_SERIALIZED: return "MPI_THREAD_SERIALIZED";
    case MPI_THREAD_MULTIPLE: return "MPI_THREAD_MULTIPLE";
    default: return "unknown";
  }
}

/// Its name and version; libraries put more behind a comma or on further lines.
std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data());
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace

ThreadLevel probe_thread_level() {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
  ThreadLevel level{library_version(), name_of(MPI_THREAD_MULTIPLE), name_of(provided),
                    provided >= MPI_THREAD_MULTIPLE};
  MPI_Finalize();
  return level;
}

std::string consequence_of(const ThreadLevel& level) {
  if (level.multiple) return "rank 0 hands out images one by one while it computes";
  return "images are divided among the ranks beforehand, by predicted cost: one that is slow or "
         "hangs keeps the run waiting";
}

}  // namespace litebench::launch
