#include "shards/store/h5.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

#include "base/error.hpp"
#include "shards/store/h5_calls.hpp"

namespace litebench::store::h5 {
namespace {

// A live reader that meets metadata in the middle of being written tries again, waiting twice as long each time. The
// library's 100 attempts amount to hanging when the metadata is damaged; 24 are 17 ms, and the race lasts microseconds.
constexpr unsigned kLiveReadAttempts = 24;

Handle file_access(Mode mode) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_LATEST);
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  // No file is ever opened for writing twice (exclusive creation, never reopened), so locks protect nothing here;
  // they only make the program fail on file systems that have none (some NFS and Lustre mounts).
  H5Pset_file_locking(access.id(), false, true);
  if (mode == Mode::read_live) H5Pset_metadata_read_attempts(access.id(), kLiveReadAttempts);
  return access;
}

}  // namespace

std::uint64_t DataSet::size() const {
  const Handle space(must_read(H5Dget_space(handle_.id()), "read the extent of", name_), H5Sclose);
  hsize_t extent = 0;
  if (H5Sget_simple_extent_ndims(space.id()) != 1)
    refuse_read("read as a table (not one-dimensional)", name_);
  must_read(H5Sget_simple_extent_dims(space.id(), &extent, nullptr), "read the extent of", name_);
  return extent;
}

std::size_t DataSet::record_size() const {
  const Handle type(must_read(H5Dget_type(handle_.id()), "read the type of", name_), H5Tclose);
  return H5Tget_size(type.id());
}

std::uint64_t DataSet::checked_size(std::size_t bytes) const {
  // A chunk that was never written costs nothing in the file, so a small hostile file can claim any extent.
  constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 30;
  const std::uint64_t records = size();
  if (bytes != 0 && records > kMostBytes / bytes) {
    throw Error(ExitCode::data, fmt::format("cannot read {}", name_),
                fmt::format("it claims {} records of {} bytes", records, bytes),
                "the file is damaged");
  }
  return records;
}

void DataSet::resize(std::uint64_t records) {
  silence_library();
  const hsize_t extent = records;
  must_write(H5Dset_extent(handle_.id(), &extent), "extend", name_);
}

void DataSet::append(const RecordType& type, std::span<const std::byte> records) {
  silence_library();
  const hsize_t count = records.size() / type.size();
  if (count == 0) return;
  const hsize_t first = size();
  resize(first + count);
  const Handle file_space(H5Dget_space(handle_.id()), H5Sclose);
  const Handle memory_space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  must_write(H5Sselect_hyperslab(file_space.id(), H5S_SELECT_SET, &first, nullptr, &count, nullptr),
             "write", name_);
  must_write(H5Dwrite(handle_.id(), type.memory(), memory_space.id(), file_space.id(), H5P_DEFAULT,
                      records.data()),
             "write", name_);
}

void DataSet::read(const RecordType& type, std::uint64_t first, std::span<std::byte> out) const {
  silence_library();
  const hsize_t start = first;
  const hsize_t count = out.size() / type.size();
  if (count == 0) return;
  const Handle file_space(H5Dget_space(handle_.id()), H5Sclose);
  const Handle memory_space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  must_read(H5Sselect_hyperslab(file_space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr),
            "read", name_);
  must_read(H5Dread(handle_.id(), type.memory(), memory_space.id(), file_space.id(), H5P_DEFAULT,
                    out.data()),
            "read", name_);
}

std::uint64_t DataSet::chunk_size() const {
  silence_library();
  const Handle how(must_read(H5Dget_create_plist(handle_.id()), "read the layout of", name_),
                   H5Pclose);
  hsize_t size = 0;
  if (H5Pget_layout(how.id()) != H5D_CHUNKED || H5Pget_chunk(how.id(), 1, &size) != 1) return 0;
  return H5Pget_nfilters(how.id()) == 0 ? size : 0;
}

std::vector<std::uint64_t> DataSet::chunk_addresses(std::uint64_t most) const {
  const std::uint64_t chunk = chunk_size();
  if (chunk == 0) return {};
  const std::uint64_t wanted = (size() + chunk - 1) / chunk;
  const Handle space(must_read(H5Dget_space(handle_.id()), "read the extent of", name_), H5Sclose);
  hsize_t count = 0;
  must_read(H5Dget_num_chunks(handle_.id(), space.id(), &count), "find the chunks of", name_);
  // The library walks over all chunks before each one it is asked for.
  if (wanted > most || count < wanted || count > 2 * most) return {};
  std::vector<std::uint64_t> addresses(wanted, 0);
  std::uint64_t found = 0;
  for (hsize_t i = 0; i < count && found < wanted; ++i) {
    hsize_t first = 0, bytes = 0;
    haddr_t address = HADDR_UNDEF;
    unsigned skipped = 0;
    must_read(H5Dget_chunk_info(handle_.id(), space.id(), i, &first, &skipped, &address, &bytes),
              "find the chunks of", name_);
    if (first / chunk >= wanted) continue;
    if (address == HADDR_UNDEF || address == 0) return {};
    addresses[first / chunk] = address;
    ++found;
  }
  return found == wanted ? addresses : std::vector<std::uint64_t>();
}

std::vector<std::byte> DataSet::read_packed() const {
  std::vector<Field> members = fields();
  for (Field& member : members) member.names.clear();
  const std::size_t size = record_size();
  const RecordType type =
      members.empty() ? RecordType::scalar(Scalar::u8) : RecordType(size, members);
  std::vector<std::byte> records(checked_size(size) * size);
  read(type, 0, records);
  return records;
}

void DataSet::flush() { must_write(H5Dflush(handle_.id()), "flush", name_); }

Group Group::group(std::string_view name) const {
  silence_library();
  const std::string where = fmt::format("{}/{}", name_, name);
  const hid_t id = H5Gopen2(handle_.id(), std::string(name).c_str(), H5P_DEFAULT);
  return {Handle(must_read(id, "open group", where), H5Gclose), where};
}

DataSet Group::create(std::string_view name, const RecordType& type, const Storage& storage) {
  silence_library();
  const std::string where = fmt::format("{}/{}", name_, name);
  const hsize_t none = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const hsize_t chunk = storage.chunk;
  const Handle space(H5Screate_simple(1, &none, &unlimited), H5Sclose);
  const Handle how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  must_write(H5Pset_chunk(how.id(), 1, &chunk), "lay out", where);
  if (storage.shuffle) must_write(H5Pset_shuffle(how.id()), "lay out", where);
  if (storage.deflate > 0) {
    must_write(H5Pset_deflate(how.id(), static_cast<unsigned>(storage.deflate)), "lay out", where);
  }
  if (storage.fletcher32) must_write(H5Pset_fletcher32(how.id()), "lay out", where);
  if (!storage.cached) must_write(H5Pset_chunk_cache(access.id(), 0, 0, 0), "lay out", where);
  const hid_t id = H5Dcreate2(handle_.id(), std::string(name).c_str(), type.file(), space.id(),
                              H5P_DEFAULT, how.id(), access.id());
  return {Handle(must_write(id, "create", where), H5Dclose), where};
}

DataSet Group::dataset(std::string_view name) const {
  silence_library();
  const std::string where = fmt::format("{}/{}", name_, name);
  const hid_t id = H5Dopen2(handle_.id(), std::string(name).c_str(), H5P_DEFAULT);
  return {Handle(must_read(id, "open", where), H5Dclose), where};
}

bool Group::contains(std::string_view name) const {
  silence_library();
  return H5Lexists(handle_.id(), std::string(name).c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Group::names() const {
  silence_library();
  std::vector<std::string> found;
  const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  must_read(H5Literate(handle_.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &found), "list",
            name_);
  std::sort(found.begin(), found.end());
  return found;
}

File::File(Handle file, Handle root, std::string name)
    : Group(std::move(root), std::move(name)), file_(std::move(file)) {}

File File::create(const std::filesystem::path& path) {
  silence_library();
  const Handle access = file_access(Mode::read);
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.id());
  Handle file(must_write(id, "create", path.string()), H5Fclose);
  Handle root(must_write(H5Gopen2(id, "/", H5P_DEFAULT), "create", path.string()), H5Gclose);
  return {std::move(file), std::move(root), path.string() + ":"};
}

File File::open(const std::filesystem::path& path, Mode mode) {
  silence_library();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Error(ExitCode::io, fmt::format("cannot read {}", path.string()),
                error ? error.message() : std::strerror(EINVAL), "check the path");
  }
  const Handle access = file_access(mode);
  const unsigned flags =
      mode == Mode::read_live ? H5F_ACC_RDONLY | H5F_ACC_SWMR_READ : H5F_ACC_RDONLY;
  const hid_t id = H5Fopen(path.c_str(), flags, access.id());
  Handle file(must_read(id, "open", path.string()), H5Fclose);
  Handle root(must_read(H5Gopen2(id, "/", H5P_DEFAULT), "open", path.string()), H5Gclose);
  return {std::move(file), std::move(root), path.string() + ":"};
}

void File::start_swmr() { must_write(H5Fstart_swmr_write(file_.id()), "share", name_); }

void File::flush() { must_write(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL), "flush", name_); }

void File::close() {
  handle_.reset();
  if (file_) must_write(H5Fclose(file_.release()), "close", name_);
}

void File::abandon() noexcept {
  handle_.release();
  file_.release();
}

}  // namespace litebench::store::h5
