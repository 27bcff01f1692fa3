#pragma once
// XXH3-64: ids, checksums, fingerprints. The only place that knows xxhash.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace litebench {

std::uint64_t hash64(std::span<const std::byte> data, std::uint64_t seed = 0);
std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);

/// hash64 of bytes that come in pieces.
class Hasher64 {
 public:
  Hasher64();
  ~Hasher64();
  Hasher64(const Hasher64&) = delete;
  Hasher64& operator=(const Hasher64&) = delete;
  void add(std::span<const std::byte> data);
  [[nodiscard]] std::uint64_t hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace litebench
