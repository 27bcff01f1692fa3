#include "harness/evaluate/engine.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <ATen/Parallel.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/metrics/cuda_graphs.hpp"
#include "base/error.hpp"
#include "harness/broadcast/weights.hpp"
#include "harness/cli/programs.hpp"
#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/plan_report.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/evaluate/provenance.hpp"
#include "harness/evaluate/run_folder.hpp"
#include "harness/evaluate/setup.hpp"
#include "harness/evaluate/single.hpp"
#include "harness/evaluate/start.hpp"
#include "harness/evaluate/supervision.hpp"
#include "harness/evaluate/work_loop.hpp"
#include "harness/forecast/report.hpp"
#include "harness/launch/abandon.hpp"
#include "harness/launch/lock.hpp"
#include "harness/launch/session.hpp"
#include "harness/launch/signals.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/device.hpp"
#include "harness/progress/progress.hpp"
#include "model/glamm.hpp"
#include "shards/handout/handout.hpp"
#include "shards/store/shard.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::evaluate {
namespace {

/// How long to wait for ranks that have not come to the end.
constexpr std::chrono::seconds kPatience{120};
/// The same where the hand-out has already waited for them.
constexpr std::chrono::seconds kPatienceWithTheLost{2};

/// What is handed out together.
using Passes = std::set<store::Pass>;

std::vector<handout::WorkItem> work_items(const Plan& plan, const PackStart& start,
                                          const Passes& passes) {
  std::set<std::uint64_t> done(start.done.begin(), start.done.end());
  for (const Quarantined& bundle : start.quarantined) done.insert(bundle.bundle_id);
  const std::set<std::uint64_t> suspects(start.suspects.begin(), start.suspects.end());
  std::vector<handout::WorkItem> items;
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    const GroupPlan& group = plan.groups[i];
    if (passes.count(group.pass()) == 0) continue;
    const auto recorded = group.bundles();
    const bool finished = std::all_of(recorded.begin(), recorded.end(), [&](const auto& bundle) {
      return done.count(bundle.row.bundle_id) > 0;
    });
    if (finished) continue;
    items.push_back({static_cast<std::uint32_t>(i), predicted_cost(group),
                     static_cast<std::uint8_t>(group.pass()), suspects.count(group.id()) > 0});
  }
  return items;
}

/// Commits the bundles that this start gives up, so that the verdict can name them.
void record_quarantine(const config::Config& config, const Plan& plan, const PackStart& start,
                       const Passes& passes, const Preparer& preparer, store::ShardWriter& shard) {
  for (const Quarantined& given_up : start.quarantined) {
    for (const BundlePlan& bundle : plan.bundles) {
      if (bundle.row.bundle_id != given_up.bundle_id || passes.count(bundle.row.pass) == 0)
        continue;
      fmt::print(stderr, "litebench: {} image {} is left out ({})\n",
                 plan.splits[static_cast<std::size_t>(bundle.row.split)].name,
                 std::int64_t{bundle.row.image_id}, given_up.reason);
      const PreparedImage outline = preparer.outline(bundle);
      BundleRows rows(config, plan, bundle, outline, 0);
      rows.fail_all(runs_of(config, bundle.row.pass),
                    given_up.timed_out ? store::Status::timeout : store::Status::poisoned,
                    given_up.reason);
      store::Bundle failed = rows.finish(measure::unix_ns(), 0);
      shard.commit(failed);
    }
  }
}

/// Ids of variants whose prefill comes from no graph.
std::string without_fixed_prefill(const std::vector<PlannedMethod>& methods,
                                  const model::Geometry& geometry) {
  std::vector<std::string> ids;
  for (const PlannedMethod& method : methods) {
    if (!has_fixed_prefill(method, geometry)) ids.push_back(unit::id_of(method.variant));
  }
  return fmt::format("{}", fmt::join(ids, ", "));
}

[[noreturn]] void fail_all_ranks(const launch::Session& session, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  fmt::print(stderr, "litebench: rank {}: {}\n", session.rank(), error.what());
  session.abort(static_cast<int>(known != nullptr ? known->code() : ExitCode::restart));
}

/// While it lives, SIGTERM and Ctrl-C blame no bundle for the end of the process.
class LandingOnOrder {
 public:
  LandingOnOrder(launch::AbandonGuard& guard, Supervision& supervision) : guard_(guard) {
    guard_.before_leaving([&supervision] { supervision.land(); });
  }
  ~LandingOnOrder() { guard_.before_leaving({}); }
  LandingOnOrder(const LandingOnOrder&) = delete;
  LandingOnOrder& operator=(const LandingOnOrder&) = delete;

 private:
  launch::AbandonGuard& guard_;
};

/// What one process holds while it works. Members in the order they are made.
class Run {
 public:
  /// `checkpoints`: what rank 0 says of them to ranks that do not open them, else "".
  Run(const cli::RunOptions& options, launch::Session& session, launch::AbandonGuard& abandon,
      const std::string& checkpoints)
      : options_(options),
        session_(session),
        abandon_(abandon),
        config_(read_config(options.config, options.overrides)),
        device_(open_device(config_, session.local_rank())),
        tables_(checkpoints.empty() ? broadcast::Tables{} : broadcast::from_text(checkpoints)),
        geometry_(tables_.glamm ? geometry_of(config_, *tables_.glamm, *tables_.clip)
                                : geometry_of(config_)),
        prompts_(make_prompts(config_, geometry_)),
        plan_(make_plan(config_, unit::key_of(pack_parts(config_)))) {
    at::set_num_threads(config_.threads);
  }

  void dry_run() {
    const std::vector<PlannedMethod> methods = methods_of(config_);
    print_plan(config_, plan_, methods, geometry_);
    if (!options_.forecast || plan_.bundles.empty()) return;
    forecast::print_forecast({config_, plan_, methods, geometry_, *prompts_, *device_},
                             {options_.rates, options_.forecast_file});
  }

  /// On rank 0: the folder, the lock (held until the end), what is done already.
  void settle() {
    static_cast<void>(methods_of(config_));  // before the folder: a mistake leaves none
    const bool graphs = config_.latency.enabled && config_.latency.cuda_graph;
    if (graphs && device_->make_graph_recorder() == nullptr) throw no_graphs(device_->info());
    const std::string attempt = unit::attempt_id();
    if (options_.fresh) {
      if (std::filesystem::exists(config_.output / "shards"))
        static_cast<void>(launch::RunLock(config_.output, attempt));  // refuses a live run
      move_aside(config_.output);
    }
    make_run_folder(config_.output);
    lock_ = std::make_unique<launch::RunLock>(config_.output, attempt);
    const std::string untold = device_->info().untold;
    if (config_.latency.enabled && !untold.empty()) fmt::print(stderr, "litebench: {}\n", untold);
    start_ = prepare_start(config_, plan_, attempt, device_->info().kind, options_.retry);
  }
  [[nodiscard]] const StartInfo& start() const { return start_; }
  /// On rank 0: what its constructor takes on the other ranks.
  [[nodiscard]] std::string checkpoints() const {
    if (!broadcast::one_reader(config_, session_.size())) return "";
    return broadcast::to_text(*model::open_checkpoint(config_.glamm),
                              *model::open_checkpoint(config_.clip));
  }
  /// On the other ranks: what rank 0 settled.
  void set_start(StartInfo start) {
    start_ = std::move(start);
    const std::string kind = device_->info().kind;
    for (const auto& [name, value] : start_.family) {
      if (name != "device" || value == kind) continue;
      throw Error(ExitCode::usage, fmt::format("{} computes on {}", session_.host(), kind),
                  fmt::format("rank 0 computes on {}, and one table has one kind of device", value),
                  "set model.device = \"cpu\", or start where every rank has a GPU");
    }
  }

  /// One pack after the other: mostly there is one, or all but the last are complete. The latency pass comes first:
  /// what a process computes before it is no cold start any more.
  int work(const launch::SignalFlag& signals) {
    int code = 0;
    for (const Passes& passes : parts()) {
      for (const PackStart& start : start_.packs) {
        const config::Config config = config_of(config_, start.variants);
        plan_pack(plan_, config, unit::key_of(pack_parts(config)));
        const std::vector<handout::WorkItem> items = work_items(plan_, start, passes);
        if (items.empty() && !gives_up(start, passes)) continue;
        // Whether to go on is everybody's decision: the hand-out begins with all ranks.
        if (computed_ > 0) code = session_.meet(code, kPatience);
        if (code != 0) return code;
        if (compute(config, start, passes, items, signals) > 0)
          code = static_cast<int>(ExitCode::incomplete);
        ++computed_;
      }
    }
    return code;
  }

  /// Some rank never came to the end; what it had was done by others, or is left for another start.
  [[nodiscard]] bool others_lost() const { return others_lost_; }

  /// Tables and verdict, on rank 0 after everybody has finished.
  int reduce() const {
    std::fflush(stdout);
    return cli::run(cli::sibling("litebench-reduce"), {config_.output.string()});
  }

  [[nodiscard]] std::string continue_command() const {
    const std::string launcher =
        session_.size() > 1 ? fmt::format("litebench launch -n {}", session_.size()) : "litebench";
    // The resolved configuration holds what --set, --output and --limit changed.
    return fmt::format("{} --config {}", launcher, (config_.output / "config.toml").string());
  }

 private:
  const model::Glamm& glamm() {
    if (!glamm_) {
      const measure::Stopwatch watch;
      broadcast::Loaded loaded = broadcast::load(config_, *device_, session_, tables_);
      glamm_ = std::make_unique<model::Glamm>(loaded.model);
      device_->synchronize();
      load_ns_ = watch.elapsed_ns();
      way_ = std::move(loaded.way);
      if (broadcast::one_reader(config_, session_.size()) && !quiet())
        fmt::print(stderr, "litebench: weights: {} in {:.2f} s\n", way_,
                   1e-9 * static_cast<double>(load_ns_));
    }
    return *glamm_;
  }
  [[nodiscard]] std::vector<PlannedMethod> methods_of(const config::Config& config) const {
    return make_methods(config, geometry_, device_->torch_device());
  }

  /// Ranks whose work is split beforehand end a part at different times and would wait for each other.
  [[nodiscard]] std::vector<Passes> parts() const {
    using store::Pass;
    const bool together = session_.size() > 1 && !session_.thread_multiple();
    if (together || !config_.accuracy || !config_.latency.enabled)
      return {{Pass::accuracy, Pass::latency}};
    return {{Pass::latency}, {Pass::accuracy}};
  }

  /// Whether bundles of these passes, of the pack that plan_ is about, are left out from this start on.
  [[nodiscard]] bool gives_up(const PackStart& start, const Passes& passes) const {
    return std::any_of(plan_.bundles.begin(), plan_.bundles.end(), [&](const BundlePlan& bundle) {
      return passes.count(bundle.row.pass) > 0 &&
             std::any_of(start.quarantined.begin(), start.quarantined.end(),
                         [&](const Quarantined& q) { return q.bundle_id == bundle.row.bundle_id; });
    });
  }

  /// The rest of these passes of the pack that plan_ is about; how much nobody did.
  std::uint64_t compute(const config::Config& config, const PackStart& start, const Passes& passes,
                        const std::vector<handout::WorkItem>& items,
                        const launch::SignalFlag& signals) {
    const std::vector<PlannedMethod> methods = methods_of(config);
    const PassContext context{config,
                              plan_,
                              glamm(),
                              methods,
                              *device_,
                              prompts_->seg_token(),
                              static_cast<std::int16_t>(session_.rank())};
    const auto accuracy = make_accuracy_pass(context);
    const auto latency = make_latency_pass(context);
    const Preparer preparer(config, plan_, geometry_, *prompts_);
    store::Provenance provenance =
        provenance_of(config_, config, plan_, start_, session_, device_->info());
    if (config.latency.enabled && config.latency.cuda_graph) {
      provenance.environment.emplace_back(analysis::kPrefillWithoutGraph,
                                          without_fixed_prefill(methods, geometry_));
    }
    if (computed_ == 0) {  // of later parts it is there already
      provenance.environment.emplace_back(analysis::kLoadSeconds,
                                          fmt::format("{:.6f}", 1e-9 * static_cast<double>(load_ns_)));
      provenance.environment.emplace_back("weights", way_);
    }
    store::ShardWriter shard(shard_path(), provenance, form());
    if (session_.rank() == 0) {
      shard.plan(plan_.rows());
      record_quarantine(config, plan_, start, passes, preparer, shard);
    }
    Supervision supervision(shard_path(),
                            Deadline(static_cast<double>(config_.bundle_seconds),
                                     static_cast<double>(config_.latency.repeats_max) /
                                         config_.latency.repeats),
                            {start.suspects.begin(), start.suspects.end()});
    const LandingOnOrder landing(abandon_, supervision);
    const bool grouped = plan_.groups.size() < plan_.bundles.size();
    const auto groups = static_cast<std::size_t>(
        std::count_if(plan_.groups.begin(), plan_.groups.end(),
                      [&](const GroupPlan& group) { return passes.count(group.pass()) > 0; }));
    progress::ProgressLine line(stderr, groups, groups - items.size(),
                                static_cast<std::uint32_t>(session_.size()), quiet(),
                                passes == Passes{store::Pass::latency} ? "timed bundles"
                                : grouped                              ? "groups"
                                                                       : "bundles");
    handout::MpiOptions mpi;
    mpi.takes_phase1 = device_->torch_device().is_cuda() || session_.local_rank() == 0;
    const auto handout = handout::make_mpi(
        items, [&line](const handout::Progress& p) { line.update(p.done); }, mpi);
    WorkLoop loop{plan_,
                  [&preparer](const BundlePlan& bundle) { return preparer.prepare(bundle); },
                  {accuracy.get(), latency.get()},
                  *handout,
                  shard,
                  [&] { return signals.requested() || lock_lost(); },
                  &supervision};
    try {
      loop.run();
    } catch (const std::exception& error) {
      // A disk or a configuration is no bundle's fault; anything unknown may be.
      if (dynamic_cast<const Error*>(&error) != nullptr) supervision.land();
      note_failure(shard, error);
      // Unwinding would wait in the hand-out until the other ranks have done all the rest.
      if (session_.size() > 1) fail_all_ranks(session_, error);
      throw;
    }
    if (lock_lost()) {
      fmt::print(stderr, "litebench: another start took over {}; this one stops\n",
                 config_.output.string());
    }
    if (signals.requested())
      shard.event(store::Event::stop_signal, fmt::format("signal {}", signals.signal()));
    const std::vector<handout::RankReport> reports = handout->finish();
    others_lost_ = std::any_of(reports.begin(), reports.end(),
                               [](const handout::RankReport& report) { return report.others_lost; });
    shard.close();
    return count_remaining(items, reports, signals.requested());
  }

  [[nodiscard]] bool lock_lost() const { return lock_ && lock_->lost(); }

  static void note_failure(store::ShardWriter& shard, const std::exception& error) {
    try {
      shard.event(store::Event::error, error.what());
    } catch (const Error&) {
      // the disk is what failed; the message goes to the terminal
    }
  }

  /// On rank 0 what nobody did. Nobody knows that where the work was split beforehand (MPI without
  /// thread support): there a rank is incomplete when it was told to stop, and meet() tells all.
  std::uint64_t count_remaining(const std::vector<handout::WorkItem>& items,
                                const std::vector<handout::RankReport>& reports,
                                bool told_to_stop) const {
    if (session_.size() > 1 && !session_.thread_multiple()) return told_to_stop ? 1 : 0;
    if (session_.rank() != 0) return 0;
    std::uint64_t done = 0;
    for (const handout::RankReport& report : reports) done += report.bundles;
    return items.size() - std::min<std::uint64_t>(done, items.size());
  }

  [[nodiscard]] store::Form form() const {
    using config::ShardsChoice;
    if (config_.shards == ShardsChoice::log) return store::Form::log;
    if (config_.shards == ShardsChoice::segments) return store::Form::segments;
    return store::form_for(config_.output / "shards");
  }

  [[nodiscard]] bool quiet() const {
    return session_.rank() != 0 || options_.log_level == cli::LogLevel::quiet;
  }
  [[nodiscard]] std::filesystem::path shard_path() const {
    const std::string later = computed_ > 0 ? fmt::format("-p{}", computed_) : "";
    return config_.output / "shards" /
           fmt::format("{}-r{}{}.h5", start_.attempt, session_.rank(), later);
  }

  const cli::RunOptions& options_;
  launch::Session& session_;
  launch::AbandonGuard& abandon_;
  config::Config config_;
  std::unique_ptr<measure::Device> device_;
  broadcast::Tables tables_;  ///< where another rank reads the checkpoints
  model::Geometry geometry_;
  std::unique_ptr<Prompts> prompts_;
  Plan plan_;
  std::unique_ptr<launch::RunLock> lock_;
  StartInfo start_;
  std::unique_ptr<model::Glamm> glamm_;
  std::int64_t load_ns_ = -1;
  std::string way_;  ///< of the weights into this process
  bool others_lost_ = false;
  int computed_ = 0;  ///< parts of packs that this start worked on so far
};

int finish_dry_run(Run& run, const launch::Session& session) {
  run.dry_run();
  static_cast<void>(session.broadcast(""));  // nothing to do for the others
  return 0;
}

/// The run of one rank between the start of MPI and its end.
int run_rank(const cli::RunOptions& options, launch::Session& session,
             const launch::SignalFlag& signals, launch::AbandonGuard& abandon) {
  // Rank 0 meets every mistake of the user first and alone: the others begin when it has settled
  // the start.
  const std::string start = session.rank() == 0 ? std::string() : session.broadcast("");
  const std::string checkpoints = start.empty() ? "" : session.broadcast("");
  Run run(options, session, abandon, checkpoints);
  if (session.rank() == 0) {
    if (options.dry_run) return finish_dry_run(run, session);
    run.settle();
    static_cast<void>(session.broadcast(run.start().to_text()));
    static_cast<void>(session.broadcast(run.checkpoints()));
  } else {
    if (start.empty()) return 0;  // dry run
    run.set_start(StartInfo::from_text(start));
  }
  const int done = run.work(signals);
  int code = session.meet(done, run.others_lost() ? kPatienceWithTheLost : kPatience);
  // All is done, but mpirun or Slurm must clean up: another start ends at once and in order.
  if (session.others_lost() && done == 0) code = static_cast<int>(ExitCode::restart);
  if (session.rank() != 0) return code;
  if (code == static_cast<int>(ExitCode::incomplete)) {
    fmt::print(stderr, "litebench: stopped before the end; continue with: {}\n",
               run.continue_command());
  }
  return options.reduce ? std::max(code, run.reduce()) : code;
}

}  // namespace

int run(const cli::RunOptions& options) {
  launch::Session session;
  const launch::SignalFlag signals;
  launch::AbandonGuard abandon(signals);
  try {
    const int code = run_rank(options, session, signals, abandon);
    if (session.others_lost()) launch::Session::exit_now(code);
    return code;
  } catch (const std::exception& error) {
    // The other ranks wait in a collective call that this one will never join.
    if (session.size() == 1) throw;
    fail_all_ranks(session, error);
  }
}

}  // namespace litebench::evaluate
