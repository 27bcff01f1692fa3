#pragma once
// The rows that a run leaves, as they lie in the live log: packed little-endian structs. `docs/format.md` explains the fields.
// A change of any struct raises kSchema.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace litebench::store {

inline constexpr std::uint16_t kSchema = 1;

enum class Pass : std::int8_t { accuracy = 0, latency = 1 };

enum class Status : std::int8_t {
  ok = 0, failed_decode, failed_sample, oom, timeout, poisoned, lost, infeasible,
  failed_method,   ///< the method gave no plan, or one that cannot be used; with the same method it will fail again
};
inline constexpr int kStatuses = 9;
std::string_view name_of(Status status);
bool is_transient(Status status);  ///< oom, timeout, poisoned, lost: worth another try
std::string_view name_of(Pass pass);

/// Stage clocks, in the order of UnitRow::stage_ns.
enum class Stage : std::uint8_t { decode, preprocess, clip, select, project, prefill, sam, mask, post };
inline constexpr std::size_t kStages = 9;
std::string_view name_of(Stage stage);

/// A slice of the bundle's byte heap (live log) or of /bytes (results.h5).
struct Bytes { std::uint64_t offset; std::uint32_t length; } __attribute__((packed));

struct ImageRow {
  std::int64_t image_id;
  std::int32_t height, width;        // instances.json
  std::int16_t dataset;              // index into the start record's data sets
  Bytes file_name;
} __attribute__((packed));

struct SampleRow {
  std::uint64_t sample_id;
  std::int16_t dataset, split, protocol;   // indices into the start record
  std::int64_t protocol_seed, image_id;
  std::int32_t ordinal;
  std::int16_t turns, tokens;        // Q; T = length of input_ids with one image placeholder
} __attribute__((packed));

struct SentenceRow {
  std::uint64_t sample_id;
  std::int8_t turn;
  std::int64_t ref_id, sent_id, ann_id, category_id;
  std::int8_t template_index, answer_index;
  std::array<float, 4> box;          // x, y, width, height
  Bytes text;                        // UTF-8, as in the file
  Bytes target;                      // COCO compressed RLE of (target > 0)
} __attribute__((packed));

struct ExpressionRow {
  std::uint64_t sample_id;
  std::int16_t variant;              // index into the start record's variants
  std::int16_t seed;
  std::int8_t turn;
  Status status;
  std::int64_t intersection, union_;           // foreground, upstream.md §7.1
  std::int64_t predicted_area, target_area;    // target_area: pixels with target == 1
  std::int64_t overlap_area, overlap_hit;      // pixels with target >= 2; of them predicted
  std::uint64_t mask_hash;
  Bytes mask;                        // COCO compressed RLE
} __attribute__((packed));

struct UnitRow {
  std::uint64_t sample_id;
  std::int16_t variant, seed;
  Pass pass;
  Status status;
  std::int16_t rank, repeat, order;
  std::int16_t kept, kept_last;      // visual tokens entering layer 0 and the last layer
  std::int32_t llm_tokens;           // S at layer 0
  float layer_mean_tokens;
  std::array<std::int64_t, kStages> stage_ns;  // -1: shared in this pass, see the bundle
  std::int64_t total_ns;
  std::int64_t peak_bytes_llm, peak_bytes_total, kv_bytes;   // -1: not measured
  double flops_llm, flops_total;
  std::int32_t clock_mhz, temperature, throttled;            // -1: the device does not tell
  std::int64_t energy_mj;
  Bytes error;                       // message, when status is not ok
} __attribute__((packed));

struct TokensRow {
  std::uint64_t sample_id;
  std::int16_t variant, seed, layer;
  Bytes indices;                     // int16 patch index of each live visual token in emitted order, -1 synthetic
} __attribute__((packed));

/// Closes a bundle: rows in front of it that have no commit behind them do not exist.
struct CommitRow {
  std::uint64_t bundle_id;
  Pass pass;
  std::int16_t dataset, split, protocol;
  std::int64_t image_id;
  std::int32_t images, samples, sentences, expressions, units, tokens;   // rows of each kind in this bundle
  std::array<std::int64_t, kStages> shared_ns;   // stages done once for all variants
  std::int64_t begin_ns;                         // since the Unix epoch
  std::int64_t duration_ns;
  std::uint64_t checksum;                        // XXH3-64 over the checksums of the bundle's frames
} __attribute__((packed));

static_assert(std::is_trivially_copyable_v<UnitRow> && std::is_trivially_copyable_v<CommitRow>);

}  // namespace litebench::store
