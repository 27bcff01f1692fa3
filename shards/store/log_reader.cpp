// The bundles of a log, wherever its bytes lie.

#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "shards/store/log_scanner.hpp"
#include "shards/store/provenance.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason, std::string_view advice) {
  throw Error(ExitCode::data, fmt::format("cannot read shard {}", path.string()), reason, advice);
}

std::string_view text_of(std::span<const std::byte> payload) {
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

Provenance read_start(LogScanner& scanner, const std::filesystem::path& path) {
  const std::optional<Frame> frame = scanner.next();
  if (!frame || frame->type != FrameType::start || scanner.position() != frame->size()) {
    refuse(path, "it has no intact start record", "move it out of the run's shards; its bundles will be done again");
  }
  if (frame->schema != kSchema) {
    refuse(path, fmt::format("it has schema {}, this program reads {}", frame->schema, kSchema),
           "use the version of litebench that wrote it");
  }
  return provenance_from_json(text_of(frame->payload), path.string());
}

bool read_event(std::span<const std::byte> payload, EventRecord& event) {
  constexpr std::size_t kHead = 1 + sizeof event.time_ns;
  if (payload.size() < kHead) return false;
  event.kind = static_cast<Event>(payload[0]);
  std::memcpy(&event.time_ns, payload.data() + 1, sizeof event.time_ns);
  event.text = text_of(payload.subspan(kHead));
  return true;
}

/// Collects the frames of one bundle and says at the commit whether all of them are there.
class Assembly {
 public:
  explicit Assembly(Rows rows) : rows_(rows) {}

  [[nodiscard]] bool open() const { return open_; }

  void begin() {
    bundle_ = {};
    checksums_.clear();
    open_ = true;
  }

  void add(const Frame& frame) {
    if (!open_) return;   // the front of this bundle is damaged
    checksums_.push_back(frame.checksum);
    if (rows_ == Rows::all && !copy(frame)) open_ = false;
  }

  bool finish(const Frame& frame, Bundle& out) {
    std::vector<CommitRow> commit;
    const bool was_open = std::exchange(open_, false);
    if (!was_open || !copy_rows(frame.payload, commit) || commit.size() != 1) return false;
    if (commit[0].checksum != hash64(std::as_bytes(std::span(checksums_)))) return false;
    bundle_.commit = commit[0];
    if (rows_ == Rows::all && !counts_agree()) return false;
    out = std::move(bundle_);
    return true;
  }

 private:
  bool copy(const Frame& frame) {
    switch (frame.type) {
      case FrameType::bytes: return copy_rows(frame.payload, bundle_.bytes);
      case FrameType::images: return copy_rows(frame.payload, bundle_.images);
      case FrameType::samples: return copy_rows(frame.payload, bundle_.samples);
      case FrameType::sentences: return copy_rows(frame.payload, bundle_.sentences);
      case FrameType::expressions: return copy_rows(frame.payload, bundle_.expressions);
      case FrameType::units: return copy_rows(frame.payload, bundle_.units);
      case FrameType::tokens: return copy_rows(frame.payload, bundle_.tokens);
      default: return true;
    }
  }

  [[nodiscard]] bool counts_agree() const {
    const CommitRow& c = bundle_.commit;
    const auto same = [](const auto& rows, std::int32_t count) { return std::cmp_equal(rows.size(), count); };
    return same(bundle_.images, c.images) && same(bundle_.samples, c.samples) &&
           same(bundle_.sentences, c.sentences) && same(bundle_.expressions, c.expressions) &&
           same(bundle_.units, c.units) && same(bundle_.tokens, c.tokens);
  }

  Rows rows_;
  Bundle bundle_;
  std::vector<std::uint64_t> checksums_;
  bool open_ = false;
};

void add_to_plan(const Frame& frame, ShardContents& contents) {
  std::vector<PlannedBundle> planned;
  if (copy_rows(frame.payload, planned)) {
    contents.plan.insert(contents.plan.end(), planned.begin(), planned.end());
  }
}

void add_event(const Frame& frame, ShardContents& contents) {
  EventRecord event{};
  if (!read_event(frame.payload, event)) return;
  contents.clean_end = contents.clean_end || event.kind == Event::clean_end;
  contents.events.push_back(std::move(event));
}

}  // namespace

ShardContents visit_log(std::unique_ptr<LogSource> log, const std::filesystem::path& name,
                        const std::function<void(Bundle&&)>& visit, Rows rows) {
  LogScanner scanner(std::move(log));
  ShardContents contents;
  contents.provenance = read_start(scanner, name);
  Assembly assembly(rows);
  while (const std::optional<Frame> frame = scanner.next()) {
    if (frame->schema != kSchema) continue;
    switch (frame->type) {
      case FrameType::plan: add_to_plan(*frame, contents); break;
      case FrameType::event: add_event(*frame, contents); break;
      case FrameType::bytes:
        contents.lost_bundles += assembly.open() ? 1 : 0;
        assembly.begin();
        assembly.add(*frame);
        break;
      case FrameType::commit:
        if (Bundle bundle; assembly.finish(*frame, bundle)) {
          visit(std::move(bundle));
        } else {
          ++contents.lost_bundles;
        }
        break;
      default: assembly.add(*frame);
    }
  }
  contents.lost_bundles += assembly.open() ? 1 : 0;
  contents.valid_bytes = scanner.valid();
  contents.total_bytes = scanner.total();
  contents.damage = scanner.damage();
  return contents;
}

}  // namespace litebench::store
