#pragma once
// One start per run directory.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace litebench::launch {

/// Who holds a lock.
struct LockOwner {
  std::string host;
  int pid = 0;
  std::string attempt;
  std::string pid_namespace;  ///< pids mean something only inside one
  std::string job, restart;   ///< Slurm's job or `litebench launch`, and which of its starts; "": alone
};

/// RUN/lock, held by rank 0 from construction to destruction and touched by a helper thread.
class RunLock {
 public:
  /// A lock that nobody touched for `stale_after` is taken over, at once when its process was on
  /// this machine and is gone, or when a later start of the same job asks (the earlier one is dead
  /// or cut off, and stops when it sees that the lock is lost). Throws Error{usage} with host, pid and the way out when another
  /// start holds it, Error{io} when it cannot be written.
  RunLock(const std::filesystem::path& run, const std::string& attempt,
          std::chrono::milliseconds stale_after = std::chrono::seconds(60));
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// Somebody removed the file or took it over (this process was suspended for longer than the
  /// time-out).
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  void take(const std::filesystem::path& mine, std::chrono::milliseconds stale_after);
  void keep_alive(std::chrono::milliseconds interval);
  [[nodiscard]] bool still_mine() const;

  std::filesystem::path path_;
  unsigned long inode_ = 0;
  int fd_ = -1;  ///< keeps the inode number from being given to a later lock
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

/// The owner written in RUN/lock; nothing when there is no lock or it is unreadable. For `status`.
std::optional<LockOwner> lock_owner(const std::filesystem::path& run);

}  // namespace litebench::launch
