#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "shards/store/disk_sync.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/h5.hpp"
#include "shards/store/provenance.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {
namespace {

// Without filters and without a chunk cache a write touches only its own bytes, so small commits cost what they are
// and no earlier byte is ever written again.
constexpr h5::Storage kLogStorage{.chunk = 64 * 1024, .cached = false};

std::int64_t now_ns() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

[[noreturn]] void refuse_create(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::io, fmt::format("cannot create {}", path.string()), std::strerror(error),
              "check free space and permissions; a shard is never written twice");
}

/// Gives the finished beginning of a file its real name, never over another file.
void publish(const std::filesystem::path& hidden, const std::filesystem::path& path) {
  if (::link(hidden.c_str(), path.c_str()) == 0) {
    ::unlink(hidden.c_str());
    return;
  }
  const int error = errno;
  const bool no_links = error == EPERM || error == ENOTSUP || error == ENOSYS;
  if (no_links && !std::filesystem::exists(path) && ::rename(hidden.c_str(), path.c_str()) == 0) return;
  ::unlink(hidden.c_str());
  refuse_create(path, error);
}

template <typename Row>
std::int32_t append_rows(std::vector<std::byte>& out, std::vector<std::uint64_t>& checksums, FrameType type,
                         const std::vector<Row>& rows) {
  if (!rows.empty()) checksums.push_back(append_frame(out, type, std::as_bytes(std::span(rows))));
  return static_cast<std::int32_t>(rows.size());
}

}  // namespace

Bytes Bundle::put(std::span<const std::byte> data) {
  const Bytes where{bytes.size(), static_cast<std::uint32_t>(data.size())};
  bytes.insert(bytes.end(), data.begin(), data.end());
  return where;
}

Bytes Bundle::put(std::string_view text) { return put(std::as_bytes(std::span(text))); }

std::span<const std::byte> Bundle::get(Bytes where) const {
  if (where.offset > bytes.size() || where.length > bytes.size() - where.offset) {
    throw Error(ExitCode::data, fmt::format("cannot read bundle {:016x}", std::uint64_t{commit.bundle_id}),
                "a row points outside the bundle's bytes", "the program that wrote it has a bug");
  }
  return std::span(bytes).subspan(where.offset, where.length);
}

struct ShardWriter::Impl {
  std::filesystem::path path;
  h5::RecordType byte = h5::RecordType::scalar(h5::Scalar::u8);
  h5::File file;
  h5::DataSet log;
  std::unique_ptr<DiskSync> disk;
  std::vector<std::byte> buffer;
  std::vector<std::uint64_t> checksums;
  bool failed = false;

  Impl(const std::filesystem::path& final_path, const std::filesystem::path& hidden)
      : path(final_path), file(h5::File::create(hidden)), log(file.create("log", byte, kLogStorage)) {}

  ~Impl() {
    if (!failed) return;
    log.abandon();
    file.abandon();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Hands the buffer to the kernel. A failure leaves an unfinished tail, which readers drop.
  void write() {
    if (failed) {
      throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), "an earlier write failed",
                  "start again: finished work is kept");
    }
    failed = true;   // until proven otherwise
    log.append(byte, std::span<const std::byte>(buffer));
    log.flush();
    if (disk) disk->grew();
    failed = false;
  }

  void write_one(FrameType type, std::span<const std::byte> payload) {
    buffer.clear();
    append_frame(buffer, type, payload);
    write();
  }
};

ShardWriter::ShardWriter(const std::filesystem::path& path, const Provenance& provenance) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  const auto hidden = path.parent_path() / fmt::format(".new-{}", path.filename().string());
  try {
    impl_ = std::make_unique<Impl>(path, hidden);
    impl_->file.set("schema", std::int64_t{kSchema});
    impl_->file.set("format", "litebench live log");
    impl_->file.start_swmr();
    const std::string text = to_json(provenance);
    impl_->write_one(FrameType::start, std::as_bytes(std::span(text)));
    impl_->file.flush();
    impl_->disk = std::make_unique<DiskSync>(hidden);
    impl_->disk->now();
  } catch (...) {
    ::unlink(hidden.c_str());
    throw;
  }
  publish(hidden, path);
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

ShardWriter::~ShardWriter() = default;
ShardWriter::ShardWriter(ShardWriter&&) noexcept = default;

void ShardWriter::plan(std::span<const PlannedBundle> bundles) {
  impl_->write_one(FrameType::plan, std::as_bytes(bundles));
}

void ShardWriter::commit(Bundle& bundle) {
  auto& out = impl_->buffer;
  auto& checksums = impl_->checksums;
  out.clear();
  checksums.clear();
  CommitRow& commit = bundle.commit;
  checksums.push_back(append_frame(out, FrameType::bytes, bundle.bytes));
  commit.images = append_rows(out, checksums, FrameType::images, bundle.images);
  commit.samples = append_rows(out, checksums, FrameType::samples, bundle.samples);
  commit.sentences = append_rows(out, checksums, FrameType::sentences, bundle.sentences);
  commit.expressions = append_rows(out, checksums, FrameType::expressions, bundle.expressions);
  commit.units = append_rows(out, checksums, FrameType::units, bundle.units);
  commit.tokens = append_rows(out, checksums, FrameType::tokens, bundle.tokens);
  commit.checksum = hash64(std::as_bytes(std::span(checksums)));
  append_frame(out, FrameType::commit, std::as_bytes(std::span(&commit, 1)));
  impl_->write();
}

void ShardWriter::event(Event kind, std::string_view text) {
  std::vector<std::byte> payload(1 + sizeof(std::int64_t) + text.size());
  const std::int64_t time = now_ns();
  payload[0] = static_cast<std::byte>(kind);
  std::memcpy(payload.data() + 1, &time, sizeof time);
  std::memcpy(payload.data() + 1 + sizeof time, text.data(), text.size());
  impl_->write_one(FrameType::event, payload);
}

void ShardWriter::close() {
  event(Event::clean_end, "");
  impl_->log = {};
  impl_->file.close();
  impl_->disk->now();
  impl_->disk.reset();
}

}  // namespace litebench::store
