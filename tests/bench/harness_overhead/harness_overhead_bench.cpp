// harness_overhead_bench FOLDER [BUNDLES]: the loop of a run with a model that does nothing, per unit and rank. Hand-out,
// helper thread, rows, shard on disk are those of a run; pictures are not read and masks come
// encoded, as both belong to timed stages. Alone or under mpirun. Ends with 1 when a rank needs
// 200 µs of processor time per unit or more; wall time says the same only on an idle machine, where
// the helper thread need not queue for a core.

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <mpi.h>
#include <unistd.h>

#include "harness/evaluate/work_loop.hpp"
#include "harness/launch/signals.hpp"
#include "harness/measure/clock.hpp"
#include "tests/shards/store/sample_shard.hpp"
#include "tests/support/mpi_ranks.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;

constexpr std::array<std::int16_t, 4> kBudgets = {576, 192, 128, 64};
constexpr int kExpressions = 3, kMaskBytes = 300;
constexpr double kTargetMicroseconds = 200;

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Rows as an accuracy bundle has them: one conversation of three expressions under four variants.
class NullPass final : public evaluate::EvaluationPass {
 public:
  std::vector<store::Bundle> run_group(std::span<const evaluate::BundlePlan> bundles,
                                       std::span<const evaluate::PreparedImage>) override {
    const measure::Stopwatch watch;
    std::vector<store::Bundle> rows;
    for (const evaluate::BundlePlan& bundle : bundles) rows.push_back(rows_of(bundle));
    nanoseconds_ += watch.elapsed_ns();
    return rows;
  }

  /// Spent on the rows themselves.
  [[nodiscard]] double seconds() const { return static_cast<double>(nanoseconds_) * 1e-9; }

 private:
  [[nodiscard]] store::Bundle rows_of(const evaluate::BundlePlan& plan) const {
    store::Bundle bundle;
    bundle.commit.bundle_id = plan.row.bundle_id;
    bundle.commit.image_id = plan.row.image_id;
    bundle.images.push_back({plan.row.image_id, 480, 640, 0, bundle.put(file_name_)});
    bundle.samples.push_back(
        {.sample_id = plan.row.bundle_id, .image_id = plan.row.image_id, .turns = kExpressions});
    for (int turn = 0; turn < kExpressions; ++turn) {
      bundle.sentences.push_back({.sample_id = plan.row.bundle_id,
                                  .turn = static_cast<std::int8_t>(turn),
                                  .text = bundle.put("the man on the left"),
                                  .target = bundle.put(mask_)});
    }
    for (std::size_t v = 0; v < kBudgets.size(); ++v)
      add_unit(bundle, plan.row.bundle_id, static_cast<std::int16_t>(v));
    return bundle;
  }

  void add_unit(store::Bundle& bundle, std::uint64_t sample, std::int16_t variant) const {
    const std::int16_t kept = kBudgets[static_cast<std::size_t>(variant)];
    for (int turn = 0; turn < kExpressions; ++turn) {
      bundle.expressions.push_back({.sample_id = sample,
                                    .variant = variant,
                                    .turn = static_cast<std::int8_t>(turn),
                                    .intersection = turn,
                                    .union_ = turn + 1,
                                    .mask = bundle.put(mask_)});
    }
    bundle.units.push_back(
        {.sample_id = sample, .variant = variant, .kept = kept, .kept_last = kept});
    const std::vector<std::int16_t> indices(static_cast<std::size_t>(kept), 7);
    bundle.tokens.push_back({.sample_id = sample,
                             .variant = variant,
                             .indices = bundle.put(std::as_bytes(std::span(indices)))});
  }

  std::string mask_ = std::string(kMaskBytes, 'o');
  std::string file_name_ = "COCO_train2014_000000000009.jpg";
  std::int64_t nanoseconds_ = 0;
};

evaluate::Plan plan_of(std::uint32_t bundles) {
  evaluate::Plan plan;
  for (std::uint32_t i = 0; i < bundles; ++i) {
    evaluate::BundlePlan bundle;
    bundle.row = {.bundle_id = i,
                  .pass = store::Pass::accuracy,
                  .image_id = i,
                  .samples = 1,
                  .expressions = kExpressions * static_cast<std::int32_t>(kBudgets.size()),
                  .units = static_cast<std::int32_t>(kBudgets.size())};
    plan.bundles.push_back(bundle);
    plan.groups.push_back({{bundle}, 1});
  }
  return plan;
}

std::vector<handout::WorkItem> items_of(const evaluate::Plan& plan) {
  std::vector<handout::WorkItem> items;
  for (std::uint32_t i = 0; i < plan.groups.size(); ++i) items.push_back({i, 1.0, 0});
  return items;
}

/// Seconds of one rank's loop, from its first question to its closed shard.
struct Cost {
  double wall = 0, processor = 0, rows = 0;
  std::uint64_t bundles = 0;
};

Cost work(const evaluate::Plan& plan, const std::filesystem::path& shard_path, int rank) {
  NullPass pass;
  store::ShardWriter shard(shard_path, store::sample::provenance());
  const launch::SignalFlag signals;
  const auto handout =
      handout::make_mpi(rank == 0 ? items_of(plan) : std::vector<handout::WorkItem>{}, {});
  Cost cost;
  const auto prepare = [](const evaluate::BundlePlan&) { return evaluate::PreparedImage{}; };
  const double before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const measure::Stopwatch watch;
  evaluate::WorkLoop{plan,     prepare, {&pass, nullptr},
                     *handout, shard,   [&] { return signals.requested(); }}
      .run();
  shard.close();
  cost.wall = static_cast<double>(watch.elapsed_ns()) * 1e-9;
  cost.processor = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
  cost.rows = pass.seconds();
  for (const handout::RankReport& report : handout->finish()) {
    if (report.rank == static_cast<std::uint32_t>(rank)) cost.bundles = report.bundles;
  }
  return cost;
}

/// Microseconds of every rank, on rank 0: {wall, processor, making rows} per unit.
std::vector<std::array<double, 3>> per_unit(const Cost& cost, int ranks) {
  const double units =
      1e-6 * static_cast<double>(std::max<std::uint64_t>(1, cost.bundles) * kBudgets.size());
  const std::array<double, 3> own{cost.wall / units, cost.processor / units, cost.rows / units};
  std::vector<std::array<double, 3>> all(static_cast<std::size_t>(ranks));
  MPI_Gather(own.data(), 3, MPI_DOUBLE, all.data(), 3, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  return all;
}

int report(const std::vector<std::array<double, 3>>& ranks) {
  test::Ratios ratios(fmt::format("harness_overhead_{}", ranks.size()),
                      fmt::format("{} ranks, bundles of {} units, load {}", ranks.size(),
                                  kBudgets.size(), test::load()));
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const auto& [wall, processor, rows] = ranks[rank];
    fmt::print(
        "  rank {}: per unit {:.1f} us wall, {:.1f} us processor of all threads, of it rows {:.0f} "
        "%\n",
        rank, wall, processor, 100 * rows / processor);
    ratios.add(
        fmt::format("rank {}: processor time of a unit / {:.0f} us", rank, kTargetMicroseconds),
        processor / kTargetMicroseconds, {}, 1);
  }
  return ratios.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const test::MpiRanks mpi(&argc, &argv);
  const int rank = mpi.rank, ranks = mpi.ranks;
  const auto bundles = static_cast<std::uint32_t>(argc > 2 ? std::atoi(argv[2]) : 10'000 * ranks);
  const std::filesystem::path run =
      std::filesystem::path(argv[1]) / fmt::format("harness-overhead-{}", ::getpid());
  const std::filesystem::path shard =
      run / "shards" / fmt::format("20250101T000000Z-bench-1-0-r{}.h5", rank);
  std::filesystem::create_directories(shard.parent_path());
  const evaluate::Plan plan = plan_of(bundles);

  MPI_Barrier(MPI_COMM_WORLD);
  const Cost cost = work(plan, shard, rank);
  const std::vector<std::array<double, 3>> all = per_unit(cost, ranks);
  if (rank != 0) return 0;
  std::filesystem::remove_all(run);  // every rank's shard is closed, or there was nothing to gather
  return report(all);
}
