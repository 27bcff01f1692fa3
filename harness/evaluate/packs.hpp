#pragma once
// Which variants are computed together. A run begins with one pack; variants and seeds that are
// added to its configuration later form further packs, so that finished work stays as it is.

#include <cstdint>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/keys.hpp"
#include "shards/store/resume.hpp"

namespace litebench::evaluate {

/// One variant of a pack: a place in Config::variants and which of its seeds.
struct PackedVariant {
  std::int32_t variant = 0, first_seed = 0, seeds = 1;
};
using PackedVariants = std::vector<PackedVariant>;

/// The configuration with the variants of one pack only.
config::Config config_of(const config::Config& whole, const PackedVariants& pack);

/// The packs of a run, earlier ones first and in their own order of variants; the last one is what
/// `config` adds. Throws Error{usage} when an earlier pack was computed with other options, or when
/// `config` lacks a variant or seeds of it.
std::vector<PackedVariants> packs_of(const config::Config& config,
                                     const std::vector<store::FoundPack>& found);

}  // namespace litebench::evaluate
