#pragma once
// What may change a number (family), what is computed together (pack) and what was asked for
// (plan).

#include <string>
#include <string_view>

#include "harness/config/config.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::evaluate {

using unit::Parts;

/// Raised whenever the same inputs give other numbers than before.
inline constexpr int kNumericVersion = 7;

/// Weights, tokenizers and data files by content, dtype, device kind, threads, numeric version, and what
/// the latency pass computes and whether from CUDA graphs: times with and without the reference's dead work, or with and
/// without graphs, never meet in a table.
/// Hashing is cached.
Parts family_parts(const config::Config& config, std::string_view device_kind);
/// Ordered variants with their seeds, protocols with the replay, pack sizes.
Parts pack_parts(const config::Config& config);
Parts plan_parts(const config::Config& config);

/// All options of a protocol with their values.
std::string protocol_key(const protocol::Protocol& protocol);

}  // namespace litebench::evaluate
