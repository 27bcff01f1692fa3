#pragma once
// Brings a growing file to the disk from a helper thread, so that computing never waits for it.

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace litebench::store {

/// Makes a new name in a folder survive a power cut. Throws Error{io}.
void sync_folder(const std::filesystem::path& folder);

class DiskSync {
 public:
  explicit DiskSync(const std::filesystem::path& path);
  ~DiskSync();
  DiskSync(const DiskSync&) = delete;
  DiskSync& operator=(const DiskSync&) = delete;

  /// The file has grown: it will be synced within two seconds. Throws Error{io} when an earlier sync failed.
  void grew();
  /// Syncs now, in this thread. Throws Error{io}.
  void now();

 private:
  void work();
  void throw_if_failed();

  std::filesystem::path path_;
  int fd_ = -1;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool dirty_ = false, ending_ = false;
  int error_ = 0;
  std::thread thread_;   // last: everything it uses exists before it starts
};

}  // namespace litebench::store
