#pragma once
// results.h5: the rows of a whole run as compound tables, written once by the reducer.
// analysis/README.md is the schema in words; shards/store/results_schema.cpp is its only spelling
// in code.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shards/store/h5.hpp"
#include "shards/store/rows.hpp"

namespace litebench::store::results {

/// Raised when a table or column changes meaning or goes away; new ones do not raise it.
inline constexpr std::int64_t kVersion = 1;

/// A slice of /bytes.
struct Slice {
  std::uint64_t offset;
  std::uint32_t length;
} __attribute__((packed));

struct Image {
  std::int8_t dataset;
  std::int64_t image_id;
  std::int32_t height, width;
  Slice file_name;
} __attribute__((packed));

struct Sample {
  std::uint64_t sample_id;
  std::int8_t dataset, split;
  std::int16_t protocol;
  std::int64_t protocol_seed, image_id;
  std::int32_t ordinal;
  std::int32_t order;  // position in the plan: the order of upstream's float32 sums
  std::int16_t turns, tokens;
} __attribute__((packed));

struct Sentence {
  std::uint64_t sample_id;
  std::int8_t turn;
  std::int64_t ref_id, sent_id, ann_id, category_id;
  std::int8_t template_index, answer_index;
  std::array<float, 4> box;
  Slice text, target;
} __attribute__((packed));

struct Expression {
  std::int8_t dataset, split;
  std::int16_t protocol, variant, seed;
  std::uint64_t sample_id;
  std::int64_t image_id, ref_id, sent_id;
  std::int8_t turn;
  Status status;
  std::int64_t intersection, union_, predicted_area, target_area, overlap_area, overlap_hit;
  std::uint64_t mask_hash;
  Slice bytes;  // predicted mask, COCO compressed RLE
} __attribute__((packed));

struct Unit {
  std::int8_t dataset, split;
  std::int16_t protocol, variant, seed;
  std::uint64_t sample_id;
  std::int64_t image_id;
  Pass pass;
  Status status;
  std::int32_t attempt;  // row of /attempts
  std::int16_t rank, repeat, order, kept, kept_last;
  std::int32_t llm_tokens;
  float layer_mean_tokens;
  std::array<std::int64_t, kStages> stage_ns;
  std::int64_t total_ns, peak_bytes_llm, peak_bytes_total, kv_bytes;
  double flops_llm, flops_total;
  std::int32_t clock_mhz, temperature, throttled;
  std::int64_t energy_mj;
} __attribute__((packed));

struct Tokens {
  std::int64_t unit;  // row of /units
  std::int16_t layer;
  Slice bytes;  // int16 patch indices in emitted order, -1 synthetic
} __attribute__((packed));

struct Bundle {
  std::uint64_t bundle_id;
  Pass pass;
  std::int8_t dataset, split;
  std::int16_t protocol;
  std::int64_t image_id;
  std::int32_t attempt;  // row of /attempts
  std::int32_t samples, expressions, units;
  std::array<std::int64_t, kStages> shared_ns;
  std::int64_t begin_ns, duration_ns;
} __attribute__((packed));

struct Failure {
  std::int64_t unit;  // row of /units
  std::int8_t dataset, split;
  std::int16_t protocol, variant, seed;
  std::uint64_t sample_id;
  std::int64_t image_id;
  Pass pass;
  Status status;
  Slice message;
} __attribute__((packed));

struct Provenance {
  std::int32_t attempt;  // row of /attempts
  Slice key, value;
} __attribute__((packed));

/// Names behind the enum columns `dataset` and `split`.
struct Names {
  std::vector<std::string> datasets, splits;
};

/// The columns of a table; specialised for every struct above.
template <typename Row>
std::vector<h5::Field> fields(const Names& names);

/// One column of a small table that holds text; texts become fixed-length, null-padded UTF-8.
struct Column {
  std::string name;
  std::variant<std::vector<std::int64_t>, std::vector<std::string>> values;
};

/// Writes `path` through a temporary beside it. Nothing appears under `path` before finish() has
/// read the temporary back and found every table as it was written. All errors are Error{io}.
class Writer {
 public:
  Writer(std::filesystem::path path, Names names);
  ~Writer();  // removes the temporary unless finished
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <typename Row>
  void table(std::string_view name, std::span<const Row> rows) {
    const std::span<const std::byte> bytes = std::as_bytes(rows);
    add(name, h5::RecordType(sizeof(Row), fields<Row>(names_)), {&bytes, 1}, Filter::compressed);
  }
  void text_table(std::string_view name, std::span<const Column> columns);
  /// One table of bytes, the parts one after the other.
  void bytes(std::string_view name, std::span<const std::span<const std::byte>> parts);
  void bytes(std::string_view name, std::span<const std::byte> data) { bytes(name, {&data, 1}); }
  void attribute(std::string_view name, std::string_view text) { file_.set(name, text); }
  void attribute(std::string_view name, std::int64_t value) { file_.set(name, value); }
  /// Name and hash of every table so far: XXH3-64 of the packed rows as 16 hex digits, which the table also carries as
  /// attribute `xxh3`.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> hashes() const;
  void finish();

 private:
  enum class Filter : std::uint8_t { compressed, checked };
  struct Written {
    std::string name;
    h5::RecordType type;
    std::uint64_t hash, bytes;
  };
  void add(std::string_view name, h5::RecordType type,
           std::span<const std::span<const std::byte>> parts, Filter filter);
  void check_what_was_written() const;

  std::filesystem::path path_, temporary_;
  Names names_;
  h5::File file_;
  std::vector<Written> written_;
};

/// Reads a results.h5 of this version. Throws Error{io} when it is missing, Error{data} when it is
/// damaged or has another version or other columns.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path);

  template <typename Row>
  std::vector<Row> table(std::string_view name) const {
    return file_.dataset(name).read_all<Row>(
        h5::RecordType(sizeof(Row), without_names(fields<Row>({}))));
  }
  [[nodiscard]] std::vector<std::byte> bytes(std::string_view name) const;
  [[nodiscard]] std::vector<Column> text_table(std::string_view name) const;
  [[nodiscard]] std::string attribute(std::string_view name) const { return file_.text(name); }
  /// Names of an enumeration column; the position in the list is the number.
  [[nodiscard]] std::vector<std::string> names(std::string_view table,
                                               std::string_view column) const;
  /// Name and attribute `xxh3` of every table.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> hashes() const;
  /// Tables whose rows are not those that their attribute `xxh3` was made of.
  [[nodiscard]] std::vector<std::string> altered() const;

 private:
  /// Enum columns are read as the integers they are.
  static std::vector<h5::Field> without_names(std::vector<h5::Field> fields);
  h5::File file_;
};

}  // namespace litebench::store::results
