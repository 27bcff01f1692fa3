#pragma once
// The configuration of a run: plain values, checked once, then const. `docs/configuration.md`
// explains every key.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/options/table_options.hpp"
#include "model/compute.hpp"
#include "shards/protocol/protocol.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::config {

enum class DTypeChoice : std::uint8_t { fp32, bf16 };
enum class DeviceChoice : std::uint8_t { automatic, cpu, cuda };
enum class ShardsChoice : std::uint8_t { automatic, log, segments };  ///< store::Form

struct SweptVariant {
  unit::Variant variant;
  std::int32_t seeds = 1;  ///< repetitions with other draws, for methods that draw
  std::uint32_t line = 0;  ///< of the [[sweep]] entry, for messages
  std::int32_t first_seed = 0;  ///< of them; not 0 only where earlier ones are another pack
};

struct LatencyPass {
  bool enabled = false;
  std::int32_t images = 64;  ///< per split, chosen by the run's seed
  std::int32_t repeats = 5;      ///< the least; completeness is judged by it
  std::int32_t repeats_max = 5;  ///< the most, where there is a goal
  /// Half-width of the 95 % interval of a variant's paired ratio, as a share of the ratio, at which a
  /// picture has been timed enough; 0: after `repeats`.
  double goal = 0;
  std::int32_t warmup = 3;  ///< untimed runs before the first timed one of a shape
  model::Compute compute = model::Compute::lean;
  bool cuda_graph =
      false;  ///< timed runs replay stages that were recorded; the device is a GPU then, compute lean

  [[nodiscard]] bool adaptive() const { return goal > 0; }
};

struct Config {
  // [run]
  std::string name;
  std::filesystem::path output = "runs/litebench";
  std::int64_t seed = 17;
  std::int64_t limit = 0;  ///< images per split, 0: all
  std::int64_t bundle_seconds = 0;  ///< after which a rank is taken for hung; 0: learnt from the run
  std::int64_t quarantine = 2;  ///< deaths with a bundle in work after which it is left out; 0: never
  ShardsChoice shards = ShardsChoice::automatic;
  // [model]
  std::string glamm, clip;                ///< folders, or "random:<geometry>"
  DTypeChoice dtype = DTypeChoice::bf16;  ///< as upstream runs
  DeviceChoice device = DeviceChoice::automatic;
  bool broadcast = false;                ///< rank 0 reads the weights for all ranks
  std::int64_t broadcast_seconds = 120;  ///< how long a rank waits for the next word of the others then
  std::int32_t threads = 1;              ///< per rank, on CPU
  std::int32_t prompts_per_decode = 64;  ///< mask prompts decoded in one batch
  std::int32_t rows_per_pack = 16384;    ///< LLM rows of one packed prefill
  std::int32_t images_per_bundle = 1;    ///< images of a split computed together (accuracy pass)
  std::int32_t prompt_tokens = 128;      ///< non-image tokens of made-up prompts (random weights)
  // [data]
  std::filesystem::path root;       ///< the Refer_Segm folder
  std::vector<std::string> splits;  ///< "refcoco/val"
  // [[protocol]]
  std::vector<protocol::Protocol> protocols;
  std::filesystem::path replay;  ///< empty: draw
  // [[sweep]]
  std::vector<SweptVariant> variants;
  // [passes]
  bool accuracy = true;
  LatencyPass latency;
  // [tables]
  analysis::TableOptions tables;
};

/// The most that any pass computes: what the weights must suffice for.
inline model::Compute compute_of(const Config& config) {
  return config.latency.enabled ? config.latency.compute : model::Compute::lean;
}

/// What the command line adds to the file.
struct Overrides {
  std::vector<std::string> assignments;  ///< --set table.key=value, in order
  std::optional<std::string> output;
  std::optional<std::int64_t> limit;
};

/// Reads, overrides, checks. Unknown keys, wrong types and impossible values are Error{usage} that
/// names key and line and the nearest known key.
Config load_config(const std::filesystem::path& path, const Overrides& overrides);
Config parse_config(std::string_view text, std::string_view name, const Overrides& overrides);

/// The configuration as TOML with every default written out; reads back to an equal configuration.
std::string print_config(const Config& config);

std::string_view name_of(DTypeChoice dtype);
std::string_view name_of(DeviceChoice device);
std::string_view name_of(ShardsChoice shards);

}  // namespace litebench::config
