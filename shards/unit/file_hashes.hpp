#pragma once
// Hashes of file contents, remembered by path, size and modification time.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>

namespace litebench::unit {

/// Hash of a file's bytes: XXH3-64 chained over blocks of 8 MiB and the length. Reads with constant memory.
/// Throws Error{io}.
std::uint64_t hash_file(const std::filesystem::path& path);

/// A cache that is a convenience only: an unreadable, damaged or unwritable cache file means hashing again.
class FileHashes {
 public:
  /// $XDG_CACHE_HOME/litebench/hashes.json, else ~/.cache/litebench/hashes.json; empty (no cache) without a home.
  static std::filesystem::path default_cache();

  explicit FileHashes(std::filesystem::path cache = default_cache());
  ~FileHashes();   ///< writes the cache when something is new
  FileHashes(const FileHashes&) = delete;
  FileHashes& operator=(const FileHashes&) = delete;

  std::uint64_t of(const std::filesystem::path& path);
  /// Of several files in the given order, their names (without folders) included.
  std::uint64_t of_all(std::span<const std::filesystem::path> paths);

  [[nodiscard]] std::uint64_t hashed() const { return hashed_; }   ///< files really read

 private:
  struct Entry { std::uint64_t size; std::int64_t modified_ns; std::uint64_t hash; };
  void load();
  void save() const;

  std::filesystem::path cache_;
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t hashed_ = 0;
  bool changed_ = false;
};

}  // namespace litebench::unit
