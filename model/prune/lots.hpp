#pragma once
// Drawing by lot: the same order on any rank and in any batch.

#include <cstdint>
#include <vector>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// All patches in random order. Every patch gets a 64-bit number that depends on seed, sample, tag
/// and patch alone, and the smallest come first. `tag` keeps methods' draws apart.
std::vector<std::int64_t> by_lot(const SampleKey& key, std::int64_t patches, std::uint32_t tag);

}  // namespace litebench::prune
