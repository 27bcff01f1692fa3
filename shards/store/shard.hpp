#pragma once
// Attempt shards: written by one process, read by the resume scan and the reducer (design §6, §10.1).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/store/log_source.hpp"
#include "shards/store/rows.hpp"

namespace litebench::store {

/// What a process says about itself when it starts; one per shard. Stored as JSON inside a frame.
struct Provenance {
  std::string attempt;                 ///< start time, host, pid, restart count
  std::int32_t rank = 0, ranks = 1;
  std::string family, pack, plan;      ///< keys (shards/unit/keys.hpp), hex
  std::vector<std::pair<std::string, std::string>> family_parts, pack_parts;   ///< what those keys were made of
  std::string config;                  ///< resolved TOML
  std::vector<std::string> datasets;   ///< "refcoco"
  std::vector<std::string> splits;     ///< "refcoco/val"
  std::vector<std::string> variants;   ///< canonical ids
  std::vector<std::string> variant_json;     ///< per variant: method, tokens, mode, position, order, options
  std::vector<std::string> protocol_json;    ///< per protocol: its options
  std::vector<std::pair<std::string, std::string>> environment;   ///< versions, host, CPU, device, threads
};

/// A planned bundle: the reducer judges completeness against this list. Written by the process that made the plan.
struct PlannedBundle {
  std::uint64_t bundle_id;
  Pass pass;
  std::int16_t dataset, split, protocol;
  std::int64_t image_id;
  std::int32_t samples, expressions, units;
} __attribute__((packed));

/// All rows of one bundle and the bytes they point into.
struct Bundle {
  CommitRow commit{};
  std::vector<ImageRow> images;
  std::vector<SampleRow> samples;
  std::vector<SentenceRow> sentences;
  std::vector<ExpressionRow> expressions;
  std::vector<UnitRow> units;
  std::vector<TokensRow> tokens;
  std::vector<std::byte> bytes;
  /// Appends to the heap and returns where it went.
  Bytes put(std::span<const std::byte> data);
  Bytes put(std::string_view text);
  [[nodiscard]] std::span<const std::byte> get(Bytes where) const;   ///< throws Error{data} when out of range
};

enum class Event : std::uint8_t { start, stop_signal, error, clean_end, note };

/// How a process writes its frames.
enum class Form : std::uint8_t {
  log,       ///< one growing HDF5 file: nothing committed is lost with the process
  segments,  ///< closed files of frames, one every few seconds: for file systems where readers may not look at a
             ///< growing file (NFS); a killed process loses the bundles since the last one
};

/// What suits the file system of `folder`: segments on network file systems without shared memory mappings.
Form form_for(const std::filesystem::path& folder);

/// Appends to one shard file. Created exclusively, never reopened. All errors of the disk are Error{io}; what was
/// committed before stays readable; the writer refuses further work after the first. Not thread-safe.
/// Data reaches the kernel with every commit (a killed process loses nothing) and the disk within two seconds; as
/// segments both within some seconds.
class ShardWriter {
 public:
  /// The file appears under `path` complete with its start record, or not at all; segments beside it as
  /// `path` with .s0000.seg, .s0001.seg, … for its extension.
  ShardWriter(const std::filesystem::path& path, const Provenance& provenance, Form form = Form::log);
  ~ShardWriter();
  ShardWriter(ShardWriter&&) noexcept;

  void plan(std::span<const PlannedBundle> bundles);
  /// Writes the rows, then the commit record, then flushes. After it returns a killed process loses nothing of the
  /// bundle (as segments: once its segment is closed).
  void commit(Bundle& bundle);
  void event(Event kind, std::string_view text);
  /// Clean end: writes the event, syncs, closes.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct EventRecord { Event kind; std::int64_t time_ns; std::string text; };

/// The longest valid prefix of a shard.
struct ShardContents {
  Provenance provenance;
  std::vector<PlannedBundle> plan;
  std::vector<EventRecord> events;
  std::vector<Bundle> bundles;
  bool clean_end = false;
  std::uint64_t valid_bytes = 0, total_bytes = 0;   ///< prefix before the first damage; all
  std::uint64_t lost_bundles = 0;      ///< damaged ones that were begun; the intact ones behind them are kept
  std::string damage;                  ///< empty, or the first damage: where and what
};

enum class Rows : std::uint8_t { all, commits_only };

/// Reads a shard, live ones and those of killed processes too: the longest valid prefix, and behind a damaged place every
/// bundle that is intact. `commits_only` checks all the same but keeps the commit records only.
/// Throws Error{io} when the file is missing, Error{data} when it has no readable start record or another schema. `readers`:
/// as in open_log.
ShardContents read_shard(const std::filesystem::path& path, Rows rows = Rows::all, LogReaders* readers = nullptr);

/// The same without holding the shard in memory: `visit` gets each bundle in file order; the result has none.
ShardContents visit_shard(const std::filesystem::path& path, const std::function<void(Bundle&&)>& visit,
                          Rows rows = Rows::all, LogReaders* readers = nullptr);

/// The same of a log that is no file of its own; `name` is for messages.
ShardContents visit_log(std::unique_ptr<LogSource> log, const std::filesystem::path& name,
                        const std::function<void(Bundle&&)>& visit, Rows rows = Rows::all);

inline constexpr std::string_view kSegmentSuffix = ".seg";

/// The shards of a run directory, sorted by name.
std::vector<std::filesystem::path> shards_of(const std::filesystem::path& run);

}  // namespace litebench::store
