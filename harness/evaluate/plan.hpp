#pragma once
// The matrix of a run: which bundles there are. Every rank computes the same plan from the same
// configuration.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/config/config.hpp"
#include "shards/protocol/protocol.hpp"
#include "shards/refer/refer.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

struct SplitPlan {
  std::string name;          ///< "refcoco/val"
  std::int16_t dataset = 0;  ///< index into Plan::datasets
  std::string split;         ///< "val"
  /// The first run.limit images, and behind them the rest of the group that the limit cuts.
  std::vector<refer::SplitImage> images;
  std::size_t planned = 0;  ///< of them within run.limit
};

/// One bundle: all accuracy units, or all latency units, of one image under one protocol.
struct BundlePlan {
  store::PlannedBundle row{};
  std::uint32_t image = 0;  ///< index into the split's images
};

/// Bundles that are computed together and handed out as one: model.images_per_bundle neighbours in
/// the split's order, counted before run.limit; in the latency pass each alone. A group with images
/// beyond the limit is computed whole, because what is computed together decides last bits, and
/// only what is within the limit is recorded.
struct GroupPlan {
  std::vector<BundlePlan> members;
  std::size_t recorded = 0;  ///< the first so many are bundles of the plan

  [[nodiscard]] std::span<const BundlePlan> bundles() const {
    return std::span(members).first(recorded);
  }
  /// Of the last one that is committed: when it is there, so are the others.
  [[nodiscard]] std::uint64_t id() const { return members[recorded - 1].row.bundle_id; }
  [[nodiscard]] store::Pass pass() const { return members.front().row.pass; }
};

/// "image 7" or "images 7, 9, 12", for messages.
std::string images_text(const GroupPlan& group);

/// One method with one draw seed: a column of the work inside a bundle.
struct VariantRun {
  std::int16_t variant = 0;  ///< index into Config::variants
  std::int16_t seed = 0;
};

struct Plan {
  std::vector<refer::Dataset> datasets;
  std::vector<SplitPlan> splits;
  std::vector<BundlePlan> bundles;  ///< accuracy bundles first, then latency
  std::vector<GroupPlan> groups;    ///< of all bundles, in their order
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
