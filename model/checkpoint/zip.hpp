#pragma once
// ZIP archives of stored (uncompressed) entries, which is what torch.save writes; zip64 included.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::model {

struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;
};

/// Entries of a whole archive held in `file`, in the central directory's order, as views into it. Checksums are not
/// verified (that would read all 17 GB at every start). Throws Error{data} for truncated or malformed archives,
/// compressed or encrypted entries and names given twice.
std::vector<ZipEntry> parse_zip(std::span<const std::byte> file, std::string_view name_for_errors);

}  // namespace litebench::model
