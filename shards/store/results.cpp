#include "shards/store/results.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace litebench::store::results {
namespace {

std::filesystem::path temporary_of(const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".tmp-{}", ::getpid());
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);  // of a process that had the same id and died
  return temporary;
}

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), reason,
              "check space and permissions of its folder; the shards are untouched");
}

void sync(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) refuse(path, std::strerror(errno));
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0) refuse(path, std::strerror(error));
}

constexpr std::string_view kHash = "xxh3";

std::string hex(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

std::uint64_t rows_per_chunk(std::size_t row_size) {
  constexpr std::size_t kChunkBytes = 256 * 1024;
  return std::max<std::uint64_t>(1, kChunkBytes / row_size);
}

/// Width of every column, and the rows packed one after the other.
struct PackedText {
  std::vector<h5::Field> fields;
  std::vector<std::byte> rows;
  std::size_t row_size = 0;
};

std::size_t width_of(const Column& column) {
  const auto* texts = std::get_if<std::vector<std::string>>(&column.values);
  if (texts == nullptr) return sizeof(std::int64_t);
  std::size_t width = 1;  // HDF5 has no strings of length 0
  for (const std::string& text : *texts) width = std::max(width, text.size());
  return width;
}

PackedText pack(std::span<const Column> columns) {
  PackedText packed;
  std::size_t count = 0;
  for (const Column& column : columns) {
    const bool is_text = std::holds_alternative<std::vector<std::string>>(column.values);
    const std::size_t width = width_of(column);
    packed.fields.push_back({column.name,
                             packed.row_size,
                             is_text ? h5::Scalar::chars : h5::Scalar::i64,
                             is_text ? width : 1,
                             {}});
    packed.row_size += width;
    count = std::visit([](const auto& values) { return values.size(); }, column.values);
  }
  packed.rows.resize(count * packed.row_size);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::byte* to = packed.rows.data() + packed.fields[c].offset;
    for (std::size_t row = 0; row < count; ++row, to += packed.row_size) {
      if (const auto* texts = std::get_if<std::vector<std::string>>(&columns[c].values)) {
        std::memcpy(to, (*texts)[row].data(), (*texts)[row].size());
      } else {
        std::memcpy(to, &std::get<std::vector<std::int64_t>>(columns[c].values)[row],
                    sizeof(std::int64_t));
      }
    }
  }
  return packed;
}

}  // namespace

Writer::Writer(std::filesystem::path path, Names names)
    : path_(std::move(path)),
      temporary_(temporary_of(path_)),
      names_(std::move(names)),
      file_(h5::File::create(temporary_)) {
  file_.set("schema", kVersion);
}

Writer::~Writer() {
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void Writer::add(std::string_view name, h5::RecordType type,
                 std::span<const std::span<const std::byte>> parts, Filter filter) {
  h5::Storage storage = h5::Storage::compressed(rows_per_chunk(type.size()), 1);
  if (filter == Filter::checked) {
    storage.deflate = 0;
    storage.shuffle = false;
  }
  h5::DataSet made = file_.create(name, type, storage);
  Hasher64 hasher;
  std::uint64_t bytes = 0;
  for (const std::span<const std::byte> rows : parts) {
    made.append(type, rows);
    hasher.add(rows);
    bytes += rows.size();
  }
  made.set(kHash, hex(hasher.hash()));
  written_.push_back({std::string(name), std::move(type), hasher.hash(), bytes});
}

void Writer::text_table(std::string_view name, std::span<const Column> columns) {
  const PackedText packed = pack(columns);
  const std::span<const std::byte> rows = packed.rows;
  add(name, h5::RecordType(packed.row_size, packed.fields), {&rows, 1}, Filter::compressed);
}

void Writer::bytes(std::string_view name, std::span<const std::span<const std::byte>> parts) {
  // Run-lengths hardly shrink; deflating them would be most of the reducer's time.
  add(name, h5::RecordType::scalar(h5::Scalar::u8), parts, Filter::checked);
}

void Writer::check_what_was_written() const {
  const h5::File file = h5::File::open(temporary_);
  constexpr std::uint64_t kWindow = 8 << 20;  // whole tables would double what the process holds
  std::vector<std::byte> rows;
  for (const Written& table : written_) {
    const h5::DataSet data = file.dataset(table.name);
    const std::uint64_t size = table.type.size(), count = table.bytes / size;
    Hasher64 hasher;
    for (std::uint64_t first = 0; data.size() == count && first < count;) {
      const std::uint64_t here = std::min(std::max<std::uint64_t>(1, kWindow / size), count - first);
      rows.resize(here * size);
      data.read(table.type, first, rows);
      hasher.add(rows);
      first += here;
    }
    if (data.size() != count || hasher.hash() != table.hash)
      refuse(path_, fmt::format("table /{} reads back differently", table.name));
  }
}

std::vector<std::pair<std::string, std::string>> Writer::hashes() const {
  std::vector<std::pair<std::string, std::string>> hashes;
  for (const Written& table : written_) hashes.emplace_back(table.name, hex(table.hash));
  return hashes;
}

void Writer::finish() {
  file_.close();
  check_what_was_written();
  sync(temporary_, O_RDONLY);
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error) refuse(path_, error.message());
  sync(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."),
       O_RDONLY | O_DIRECTORY);
}

Reader::Reader(const std::filesystem::path& path) : file_(h5::File::open(path)) {
  if (const std::int64_t version = file_.integer("schema"); version != kVersion) {
    throw Error(ExitCode::data, fmt::format("cannot read {}", path.string()),
                fmt::format("its schema is {}, this program's is {}", version, kVersion),
                "run litebench-reduce on the run again");
  }
}

std::vector<std::byte> Reader::bytes(std::string_view name) const {
  return file_.dataset(name).read_all<std::byte>(h5::RecordType::scalar(h5::Scalar::u8));
}

std::vector<Column> Reader::text_table(std::string_view name) const {
  const h5::DataSet data = file_.dataset(name);
  const std::vector<h5::Field> fields = data.fields();
  const std::size_t row_size = data.record_size();
  const std::vector<std::byte> rows = data.read_packed();
  std::vector<Column> columns;
  for (const h5::Field& field : fields) {
    std::vector<std::string> texts;
    std::vector<std::int64_t> numbers;
    for (std::size_t at = field.offset; at < rows.size(); at += row_size) {
      if (field.type == h5::Scalar::chars) {
        const auto* text = reinterpret_cast<const char*>(rows.data() + at);
        texts.emplace_back(text, ::strnlen(text, field.count));
      } else if (field.type == h5::Scalar::i64) {
        std::memcpy(&numbers.emplace_back(), rows.data() + at, sizeof(std::int64_t));
      }
    }
    Column column{field.name, std::move(numbers)};
    if (field.type == h5::Scalar::chars) column.values = std::move(texts);
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<std::string> Reader::names(std::string_view table, std::string_view column) const {
  for (const h5::Field& field : file_.dataset(table).fields()) {
    if (field.name != column) continue;
    std::vector<std::string> names(field.names.size());
    for (const auto& [name, value] : field.names) {
      if (value >= 0 && value < std::ssize(names)) names[static_cast<std::size_t>(value)] = name;
    }
    return names;
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> Reader::hashes() const {
  std::vector<std::pair<std::string, std::string>> hashes;
  for (const std::string& name : file_.names()) {
    const h5::DataSet data = file_.dataset(name);
    hashes.emplace_back(name, data.has(kHash) ? data.text(kHash) : "");
  }
  return hashes;
}

std::vector<std::string> Reader::altered() const {
  std::vector<std::string> altered;
  for (const std::string& name : file_.names()) {
    const h5::DataSet data = file_.dataset(name);
    if (!data.has(kHash) || data.text(kHash) != hex(hash64(data.read_packed())))
      altered.push_back(name);
  }
  return altered;
}

std::vector<h5::Field> Reader::without_names(std::vector<h5::Field> fields) {
  for (h5::Field& field : fields) field.names.clear();
  return fields;
}

}  // namespace litebench::store::results
