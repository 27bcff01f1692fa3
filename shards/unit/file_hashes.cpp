#include "shards/unit/file_hashes.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace litebench::unit {
namespace {

constexpr std::size_t kBlock = 8 << 20;
// A file changed again within the clock's step would keep its time, so young files are not remembered.
constexpr std::int64_t kYoungNs = 2'000'000'000;

[[noreturn]] void refuse(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, fmt::format("cannot read {}", path.string()), std::strerror(error),
              "check the path and its permissions");
}

struct stat stat_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) refuse(path, errno);
  return info;
}

std::int64_t modified_ns(const struct stat& info) {
  return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// As much of a block as the file still has.
std::size_t read_block(int fd, std::span<std::byte> block, const std::filesystem::path& path) {
  std::size_t have = 0;
  while (have < block.size()) {
    const ssize_t got = ::read(fd, block.data() + have, block.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) refuse(path, errno);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::uint64_t hash_file(const std::filesystem::path& path) {
  const Descriptor file(path);
  std::vector<std::byte> block(kBlock);
  std::uint64_t hash = 0;
  std::uint64_t length = 0;
  for (std::size_t have = read_block(file.get(), block, path); have > 0; have = read_block(file.get(), block, path)) {
    hash = hash64(std::span<const std::byte>(block).first(have), hash);
    length += have;
  }
  return hash64(std::as_bytes(std::span(&length, 1)), hash);
}

std::filesystem::path FileHashes::default_cache() {
  const auto folder_in = [](const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value == '/' ? std::filesystem::path(value) : std::filesystem::path();
  };
  const auto cache = folder_in("XDG_CACHE_HOME");
  if (!cache.empty()) return cache / "litebench" / "hashes.json";
  const auto home = folder_in("HOME");
  return home.empty() ? home : home / ".cache" / "litebench" / "hashes.json";
}

FileHashes::FileHashes(std::filesystem::path cache) : cache_(std::move(cache)) {
  try {
    if (!cache_.empty() && std::filesystem::exists(cache_)) load();
  } catch (const std::exception&) {
    entries_.clear();
  }
}

FileHashes::~FileHashes() {
  if (!changed_ || cache_.empty()) return;
  try {
    save();
  } catch (const std::exception&) {   // a full disk, say; the next run hashes again
  }
}

void FileHashes::load() {
  const auto document = json::Document::load(cache_);
  document.root().each_member([&](std::string_view path, json::Value entry) {
    // Hashes are text: JSON numbers above 2^53 do not survive every reader.
    const std::string_view text = entry.at("hash").as_string();
    std::uint64_t hash = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return;
    entries_[std::string(path)] = {static_cast<std::uint64_t>(entry.at("size").as_int()),
                                   entry.at("modified_ns").as_int(), hash};
  });
}

void FileHashes::save() const {
  auto document = nlohmann::json::object();
  for (const auto& [path, entry] : entries_) {
    document[path] = {{"size", entry.size}, {"modified_ns", entry.modified_ns}, {"hash", fmt::format("{:016x}", entry.hash)}};
  }
  std::filesystem::create_directories(cache_.parent_path());
  const std::filesystem::path fresh = fmt::format("{}.{}", cache_.string(), ::getpid());
  std::ofstream out(fresh);
  out << document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  out.close();
  if (out) {
    std::filesystem::rename(fresh, cache_);
  } else {
    std::filesystem::remove(fresh);
  }
}

std::uint64_t FileHashes::of(const std::filesystem::path& path) {
  const struct stat before = stat_of(path);
  const std::string key = std::filesystem::weakly_canonical(path).string();
  const auto size = static_cast<std::uint64_t>(before.st_size);
  const auto known = entries_.find(key);
  if (known != entries_.end() && known->second.size == size && known->second.modified_ns == modified_ns(before)) {
    return known->second.hash;
  }
  const std::uint64_t hash = hash_file(path);
  ++hashed_;
  const struct stat after = stat_of(path);
  const bool unchanged = after.st_size == before.st_size && modified_ns(after) == modified_ns(before);
  if (unchanged && now_ns() - modified_ns(after) > kYoungNs) {
    entries_[key] = {size, modified_ns(after), hash};
    changed_ = true;
  }
  return hash;
}

std::uint64_t FileHashes::of_all(std::span<const std::filesystem::path> paths) {
  std::string text;
  for (const auto& path : paths) text += fmt::format("{}\n{:016x}\n", path.filename().string(), of(path));
  return hash64(text);
}

}  // namespace litebench::unit
