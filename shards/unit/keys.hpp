#pragma once
// Names that stay the same as long as what they name does: ids of bundles and samples, keys of a run, hashes of files.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace litebench::unit {

/// Named values in a fixed order.
using Parts = std::vector<std::pair<std::string, std::string>>;

/// 128 bits as 32 hex digits. Every name and value enters with its length, so no two lists are spelled alike.
std::string key_of(const Parts& parts);

/// The three keys of a run. Resuming needs equal family and pack, merging and comparing equal family.
struct Keys {
  Parts family_parts;   ///< weights, tokenizers, data files, dtype, device kind, numeric code version, threads per rank
  Parts pack_parts;     ///< the ordered variants computed together, the protocol, pack sizes
  Parts plan_parts;     ///< splits, limit, seeds, passes

  [[nodiscard]] std::string family() const { return key_of(family_parts); }
  [[nodiscard]] std::string pack() const { return key_of(pack_parts); }
  [[nodiscard]] std::string plan() const { return key_of(plan_parts); }
};

/// A conversation. `protocol` is the canonical list of the protocol's options.
std::uint64_t sample_id(std::string_view dataset, std::string_view split, const Parts& protocol, std::int64_t seed,
                        std::int64_t image_id, std::int32_t ordinal);

/// All accuracy or all latency work on some images. Part of `pack`: another list of variants is other work.
std::uint64_t bundle_id(std::string_view pack, std::string_view pass, std::string_view dataset, std::string_view split,
                        std::string_view protocol, std::span<const std::int64_t> image_ids);

/// "20250131T235959Z-host-4711-0": sorts by start, safe as a file name. `restarts`: how often a launcher started again.
std::string attempt_id(std::chrono::system_clock::time_point start, std::string_view host, int pid, int restarts);

/// Of this process, now; the restart count comes from LITEBENCH_RESTART_COUNT or SLURM_RESTART_COUNT.
std::string attempt_id();

}  // namespace litebench::unit
