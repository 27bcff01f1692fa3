#pragma once
// A run of litebench under mpirun that can be hurt. Private to `litebench chaos`.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include <sys/types.h>

#include "harness/cli/command.hpp"

namespace litebench::cli::chaos {

/// mpirun and its ranks in a session of their own, so that all of them can be found and none else.
class Job {
 public:
  /// `file_limit_kib` > 0: no rank may write files longer than that, which stands for a full disk.
  Job(int ranks, const Arguments& run, const std::filesystem::path& output, long file_limit_kib = 0);
  ~Job();  ///< kills what is left
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] bool running();
  /// Exit code, or 128 + signal; nothing when it still runs after `seconds`.
  std::optional<int> wait(double seconds);
  [[nodiscard]] pid_t mpirun() const { return mpirun_; }
  [[nodiscard]] std::vector<pid_t> ranks() const;  ///< processes of litebench-run
  void kill_all();

 private:
  [[nodiscard]] std::vector<pid_t> members() const;

  pid_t mpirun_ = 0;
  std::optional<int> code_;
};

}  // namespace litebench::cli::chaos
