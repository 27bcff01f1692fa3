#pragma once
// The matrix of a run: which bundles there are. Every rank computes the same plan from the same
// configuration.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/config.hpp"
#include "shards/protocol/protocol.hpp"
#include "shards/refer/refer.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

struct SplitPlan {
  std::string name;                       ///< "refcoco/val"
  std::int16_t dataset = 0;               ///< index into Plan::datasets
  std::string split;                      ///< "val"
  std::vector<refer::SplitImage> images;  ///< after run.limit
};

/// One bundle: all accuracy units, or all latency units, of one image under one protocol.
struct BundlePlan {
  store::PlannedBundle row{};
  std::uint32_t image = 0;  ///< index into the split's images
};

/// One method with one draw seed: a column of the work inside a bundle.
struct VariantRun {
  std::int16_t variant = 0;  ///< index into Config::variants
  std::int16_t seed = 0;
};

struct Plan {
  std::vector<refer::Dataset> datasets;
  std::vector<SplitPlan> splits;
  std::vector<BundlePlan> bundles;  ///< accuracy bundles first, then latency
  std::optional<protocol::Replay> replay;
  std::string pack;  ///< key of the variants that `bundles` are about

  [[nodiscard]] std::vector<store::PlannedBundle> rows() const;
};

/// Reads the data sets and expands the matrix. `pack`: key of what is computed together (keys.hpp),
/// part of every bundle's id. Errors: io, data (upstream.md §8), usage.
Plan make_plan(const config::Config& config, std::string_view pack);

/// The bundles of another pack over the same data; `config` holds that pack's variants only.
void plan_pack(Plan& plan, const config::Config& config, std::string_view pack);

/// Variants × seeds in canonical order; the latency pass times seed 0 only.
std::vector<VariantRun> runs_of(const config::Config& config, store::Pass pass);

/// The conversations of a bundle.
std::vector<protocol::Sample> samples_of(const Plan& plan, const config::Config& config,
                                         const BundlePlan& bundle);

}  // namespace litebench::evaluate
