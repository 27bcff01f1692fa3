#pragma once
// HDF5's C API, one thin checked call each. Only this folder's sources include hdf5.h.
//
// Every failure is an Error{io} or Error{data} whose reason is the first message of HDF5's own error stack; the library
// itself prints nothing. The library is called from one thread at a time.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace litebench::store::h5 {

/// An HDF5 identifier that is closed when the last owner goes.
class Handle {
 public:
  using Close = int (*)(std::int64_t);
  Handle() = default;
  Handle(std::int64_t id, Close close) : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, -1)), close_(std::exchange(other.close_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  [[nodiscard]] std::int64_t id() const noexcept { return id_; }
  explicit operator bool() const noexcept { return id_ >= 0; }
  void reset() noexcept;
  std::int64_t release() noexcept { return std::exchange(id_, -1); }

 private:
  std::int64_t id_ = -1;
  Close close_ = nullptr;
};

/// Element types. `chars` is a NUL-padded UTF-8 string of Field::count bytes, `text` a `const char*` of any length.
enum class Scalar : std::uint8_t { i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, chars, text };

/// One member of a compound type, at `offset` of the struct in memory. `count` > 1 makes an array (or the size of `chars`).
struct Field {
  std::string name;
  std::size_t offset = 0;
  Scalar type = Scalar::i64;
  std::size_t count = 1;
  std::vector<std::pair<std::string, std::int64_t>>
      names{};  ///< not empty: an enumeration over an integer type
};

/// A record as it lies in memory (`size` = sizeof the struct) and packed little-endian in the file.
class RecordType {
 public:
  RecordType(std::size_t size, std::span<const Field> fields);
  static RecordType scalar(Scalar type);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t memory() const noexcept { return memory_.id(); }
  [[nodiscard]] std::int64_t file() const noexcept { return file_.id(); }

 private:
  RecordType() = default;
  std::size_t size_ = 0;
  Handle memory_, file_;
};

/// How the chunks of a data set are stored.
struct Storage {
  std::uint64_t chunk = 4096;  ///< records
  int deflate = 0;             ///< 0: none, 1…9
  bool shuffle = false;
  bool fletcher32 = false;
  bool cached = true;  ///< false: writes go straight to the file; only without filters
  static Storage compressed(std::uint64_t chunk = 4096, int level = 4) {
    return {chunk, level, true, true, true};
  }
};

/// Attributes of a file's root, a group or a data set.
class Node {
 public:
  void set(std::string_view name, std::string_view value);
  void set(std::string_view name, std::int64_t value);
  void set(std::string_view name, double value);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::string text(
      std::string_view name) const;  ///< Error{data} when absent or of another type
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double real(std::string_view name) const;

 protected:
  Node() = default;
  Node(Handle handle, std::string name) : handle_(std::move(handle)), name_(std::move(name)) {}
  Handle handle_;
  std::string name_;  ///< "file:/path", for messages
};

/// What the elements of a data set are.
enum class Kind : std::uint8_t { integer, real, other };

/// A one-dimensional data set that grows.
class DataSet : public Node {
 public:
  DataSet() = default;
  [[nodiscard]] Kind kind() const;
  [[nodiscard]] std::uint64_t size() const;       ///< records
  [[nodiscard]] std::size_t record_size() const;  ///< bytes of one record in the file
  /// Members of a compound type as they lie in the file: offsets, sizes of `chars`, names of enumerations.
  /// Nothing for a data set of plain numbers.
  [[nodiscard]] std::vector<Field> fields() const;
  /// All records, packed as in the file.
  [[nodiscard]] std::vector<std::byte> read_packed() const;
  /// `records` is a whole number of records of `type`.
  void append(const RecordType& type, std::span<const std::byte> records);
  template <typename T>
  void append(const RecordType& type, std::span<const T> records) {
    append(type, std::as_bytes(records));
  }
  /// Fills `out` with the records from `first` on; members are matched by name, missing ones are Error{data}.
  void read(const RecordType& type, std::uint64_t first, std::span<std::byte> out) const;
  template <typename T>
  std::vector<T> read_all(const RecordType& type) const {
    std::vector<T> rows(checked_size(sizeof(T)));
    read(type, 0, std::as_writable_bytes(std::span(rows)));
    return rows;
  }
  /// Where in the file its chunks lie, in order, when a program could read the records there itself: at most `most` chunks,
  /// none missing, no filters. Empty otherwise.
  [[nodiscard]] std::vector<std::uint64_t> chunk_addresses(std::uint64_t most) const;
  [[nodiscard]] std::uint64_t chunk_size() const;   ///< records of a chunk; 0 where there are none
  void flush();
  void resize(std::uint64_t records);
  void abandon() noexcept { handle_.release(); }  ///< see File::abandon

 private:
  friend class Group;
  using Node::Node;
  /// size(), after checking that so many records of `bytes` are possible in the file (hostile extents).
  [[nodiscard]] std::uint64_t checked_size(std::size_t bytes) const;
};

class Group : public Node {
 public:
  [[nodiscard]] Group group(std::string_view name) const;
  [[nodiscard]] Group create_group(std::string_view name);
  /// A whole array of numbers at once, of any number of dimensions; `bytes` is as long as they say.
  void write(std::string_view name, Scalar type, std::span<const std::int64_t> shape,
             std::span<const std::byte> bytes);
  /// The same in one dimension.
  void write(std::string_view name, std::span<const std::int64_t> values);
  void write(std::string_view name, std::span<const float> values);
  void write(std::string_view name, std::span<const std::string> texts);
  [[nodiscard]] DataSet create(std::string_view name, const RecordType& type,
                               const Storage& storage);
  [[nodiscard]] DataSet dataset(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;  ///< members, sorted

 protected:
  using Node::Node;
};

enum class Mode : std::uint8_t {
  read,       ///< a finished file
  read_live,  ///< SWMR: a file that is being written or whose writer was killed
};

class File : public Group {
 public:
  using Group::create;
  /// Creates exclusively: Error{io} when the file exists. Files are written in the newest format of the library's 1.10 line.
  static File create(const std::filesystem::path& path);
  /// Error{io} when it is missing, Error{data} when it is no HDF5 file or is damaged.
  static File open(const std::filesystem::path& path, Mode mode = Mode::read);
  /// From here on readers may look while this process appends; nothing can be created any more.
  void start_swmr();
  void flush();
  void close();  ///< like the destructor, but failures are Error{io}
  /// Leaves the file as a kill would, without another write: after a disk error that is what keeps it readable.
  void abandon() noexcept;

 private:
  File(Handle file, Handle root, std::string name);
  Handle file_;
};

}  // namespace litebench::store::h5
