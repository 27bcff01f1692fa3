#include <fmt/core.h>

#include "base/error.hpp"
#include "shards/store/shard.hpp"

namespace litebench::store {

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

}  // namespace litebench::store
