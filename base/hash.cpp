#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace litebench {

std::uint64_t hash64(std::span<const std::byte> data, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

std::uint64_t hash64(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

struct Hasher64::State {
  XXH3_state_t of;
};

Hasher64::Hasher64() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->of); }
Hasher64::~Hasher64() = default;

void Hasher64::add(std::span<const std::byte> data) {
  XXH3_64bits_update(&state_->of, data.data(), data.size());
}

std::uint64_t Hasher64::hash() const { return XXH3_64bits_digest(&state_->of); }

}  // namespace litebench
