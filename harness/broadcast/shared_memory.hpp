#pragma once
// Memory that the processes of one machine share.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace litebench::broadcast {

/// Has no name in any file system, so it goes with its last process, however that ends.
class SharedMemory {
 public:
  /// All of it is taken at once: Error{io} where there is too little, never a SIGBUS later.
  explicit SharedMemory(std::uint64_t bytes);
  /// What another process of this machine and user made, read-only; `address` is that of the maker. Error{io} where the
  /// kernel does not let this process look.
  SharedMemory(const std::string& address, std::uint64_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// Valid for others while this object lives and until close_door().
  [[nodiscard]] std::string address() const;
  /// Who has not opened it yet cannot any more.
  void close_door();
  /// From now on writing here ends this process, as it does in the others.
  void make_read_only();
  /// Stays where it is until the process ends, whatever becomes of this object.
  void keep_mapped() { bytes_ = {}; }
  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

 private:
  void map(int protection, std::uint64_t bytes);

  int fd_ = -1;
  std::span<std::byte> bytes_;
};

}  // namespace litebench::broadcast
