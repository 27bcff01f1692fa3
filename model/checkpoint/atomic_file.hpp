#pragma once
// A file that appears under its name complete or not at all.

#include <cstddef>
#include <filesystem>
#include <span>

namespace litebench::model {

class AtomicFile {
 public:
  /// Creates a temporary beside `path`. All functions throw Error{io}.
  explicit AtomicFile(const std::filesystem::path& path);
  /// Removes the temporary unless commit() was reached.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// To disk, then renamed; the folder is synced too, so that the name survives a power cut.
  void commit();

 private:
  [[noreturn]] void refuse(int error) const;

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

}  // namespace litebench::model
