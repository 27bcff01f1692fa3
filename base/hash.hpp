#pragma once
// XXH3-64: ids, checksums, fingerprints. The only place that knows xxhash.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace litebench {

std::uint64_t hash64(std::span<const std::byte> data, std::uint64_t seed = 0);
std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);

}  // namespace litebench
