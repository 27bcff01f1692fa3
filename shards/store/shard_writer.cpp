#include <chrono>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/frame_sink.hpp"
#include "shards/store/provenance.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {
namespace {

std::int64_t now_ns() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

template <typename Row>
std::int32_t append_rows(std::vector<std::byte>& out, std::vector<std::uint64_t>& checksums, FrameType type,
                         const std::vector<Row>& rows) {
  if (!rows.empty()) checksums.push_back(append_frame(out, type, std::as_bytes(std::span(rows))));
  return static_cast<std::int32_t>(rows.size());
}

}  // namespace

struct ShardWriter::Impl {
  std::filesystem::path path;
  std::unique_ptr<FrameSink> sink;
  std::vector<std::byte> buffer;
  std::vector<std::uint64_t> checksums;
  bool failed = false;

  /// Hands the buffer on. A failure leaves an unfinished tail, which readers drop.
  void write() {
    if (failed) {
      throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), "an earlier write failed",
                  "start again: finished work is kept");
    }
    failed = true;   // until proven otherwise
    sink->write(buffer);
    failed = false;
  }

  void write_one(FrameType type, std::span<const std::byte> payload) {
    buffer.clear();
    append_frame(buffer, type, payload);
    write();
  }
};

ShardWriter::ShardWriter(const std::filesystem::path& path, const Provenance& provenance, Form form) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  const std::string text = to_json(provenance);
  std::vector<std::byte> start;
  append_frame(start, FrameType::start, std::as_bytes(std::span(text)));
  impl_ = std::make_unique<Impl>(Impl{path, form == Form::log ? make_log(path, start) : make_segments(path, start),
                                      {}, {}});
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
  impl_->sink->close();
}

}  // namespace litebench::store
