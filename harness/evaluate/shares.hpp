#pragma once
// What a group of images cost together, told apart: records are kept per image.

#include <cstdint>
#include <span>
#include <vector>

namespace litebench::evaluate {

/// `total` divided in proportion to `weights` (none negative), so that the parts add up to it;
/// evenly where all weights are 0.
std::vector<std::int64_t> shares(std::int64_t total, std::span<const std::int64_t> weights);

}  // namespace litebench::evaluate
