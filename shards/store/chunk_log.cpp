#include "shards/store/chunk_log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"
#include "shards/store/frame.hpp"

namespace litebench::store {
namespace {

class ChunkLog : public LogSource {
 public:
  ChunkLog(const std::filesystem::path& path, ChunkPlaces places)
      : path_(path),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        places_(std::move(places)) {
    if (descriptor_ < 0) {
      throw Error(ExitCode::io, fmt::format("cannot read {}", path.string()), std::strerror(errno),
                  "check path and permissions");
    }
  }
  ~ChunkLog() override { ::close(descriptor_); }
  ChunkLog(const ChunkLog&) = delete;
  ChunkLog& operator=(const ChunkLog&) = delete;

  [[nodiscard]] std::uint64_t size() const override { return places_.size; }

  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    const auto& addresses = places_.addresses;
    while (!out.empty()) {
      std::uint64_t at = offset / places_.chunk;
      const std::uint64_t inside = offset % places_.chunk;
      const std::uint64_t begin = addresses[at] + inside;
      std::uint64_t bytes = places_.chunk - inside;
      // Most chunks follow each other in the file.
      for (; bytes < out.size() && addresses[at + 1] == addresses[at] + places_.chunk; ++at)
        bytes += places_.chunk;
      bytes = std::min<std::uint64_t>(bytes, out.size());
      read_file(begin, out.first(bytes));
      offset += bytes;
      out = out.subspan(bytes);
    }
  }

 private:
  void read_file(std::uint64_t from, std::span<std::byte> out) const {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(from));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        throw Error(ExitCode::data, fmt::format("cannot read {}", path_.string()),
                    got < 0 ? std::strerror(errno) : "it ends before its records do",
                    "it is damaged, or its disk is");
      }
      from += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }

  std::filesystem::path path_;
  int descriptor_;
  ChunkPlaces places_;
};

}  // namespace

std::unique_ptr<LogSource> log_in_place(const std::filesystem::path& path, ChunkPlaces places) {
  std::array<std::byte, sizeof(FrameHeader)> head{}, last{};
  if (places.size < head.size()) return nullptr;
  auto log = std::make_unique<ChunkLog>(path, std::move(places));
  try {
    log->read(0, head);
    log->read(log->size() - last.size(), last);
  } catch (const Error&) {
    return nullptr;
  }
  if (header_at(head) == nullptr) return nullptr;
  return log;
}

}  // namespace litebench::store
