#include "harness/evaluate/engine.hpp"

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/cli/programs.hpp"
#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/plan_report.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/evaluate/provenance.hpp"
#include "harness/evaluate/run_folder.hpp"
#include "harness/evaluate/setup.hpp"
#include "harness/evaluate/start.hpp"
#include "harness/evaluate/work_loop.hpp"
#include "harness/launch/abandon.hpp"
#include "harness/launch/lock.hpp"
#include "harness/launch/session.hpp"
#include "harness/launch/signals.hpp"
#include "harness/measure/device.hpp"
#include "harness/progress/progress.hpp"
#include "model/glamm.hpp"
#include "shards/handout/handout.hpp"
#include "shards/store/shard.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::evaluate {
namespace {

using namespace std::chrono_literals;

std::vector<handout::WorkItem> work_items(const Plan& plan, const StartInfo& start) {
  const std::set<std::uint64_t> done(start.done.begin(), start.done.end());
  std::vector<handout::WorkItem> items;
  for (std::size_t i = 0; i < plan.bundles.size(); ++i) {
    const store::PlannedBundle& row = plan.bundles[i].row;
    if (done.count(row.bundle_id) > 0) continue;
    // Within a pass a bundle's cost grows with its sequences; the towers cost every bundle the
    // same.
    constexpr double kTowersInUnits = 8;
    items.push_back({static_cast<std::uint32_t>(i), kTowersInUnits + row.units,
                     static_cast<std::uint8_t>(row.pass)});
  }
  return items;
}

[[noreturn]] void fail_all_ranks(const launch::Session& session, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  fmt::print(stderr, "litebench: rank {}: {}\n", session.rank(), error.what());
  session.abort(static_cast<int>(known != nullptr ? known->code() : ExitCode::restart));
}

/// What one process holds while it works. Members in the order they are made.
class Run {
 public:
  Run(const cli::RunOptions& options, const launch::Session& session)
      : options_(options),
        session_(session),
        config_(read_config(options.config, options.overrides)),
        device_(open_device(config_, session.local_rank())),
        geometry_(geometry_of(config_)),
        methods_(make_methods(config_, geometry_, device_->torch_device())),
        prompts_(make_prompts(config_, geometry_)),
        plan_(make_plan(config_, unit::key_of(pack_parts(config_)))) {
    at::set_num_threads(config_.threads);
  }

  void dry_run() const { print_plan(config_, plan_, methods_, geometry_); }

  /// On rank 0: the folder, the lock (held until the end), what is done already.
  void settle() {
    const std::string attempt = unit::attempt_id();
    if (options_.fresh) {
      if (std::filesystem::exists(config_.output / "shards"))
        static_cast<void>(launch::RunLock(config_.output, attempt));  // refuses a live run
      move_aside(config_.output);
    }
    make_run_folder(config_.output);
    lock_ = std::make_unique<launch::RunLock>(config_.output, attempt);
    start_ = prepare_start(config_, plan_, attempt, device_->info().kind);
  }
  [[nodiscard]] const StartInfo& start() const { return start_; }
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

  int work(const launch::SignalFlag& signals) {
    const std::vector<handout::WorkItem> items = work_items(plan_, start_);
    if (!items.empty()) compute(items, signals);
    return items.empty() || remaining_ == 0 ? 0 : static_cast<int>(ExitCode::incomplete);
  }

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
  void compute(const std::vector<handout::WorkItem>& items, const launch::SignalFlag& signals) {
    const model::Glamm glamm(
        load_model(config_, *device_));
    const PassContext context{config_,
                              plan_,
                              glamm,
                              methods_,
                              *device_,
                              prompts_->seg_token(),
                              static_cast<std::int16_t>(session_.rank())};
    const auto accuracy = make_accuracy_pass(context);
    const auto latency = make_latency_pass(context);
    const Preparer preparer(config_, plan_, geometry_, *prompts_);
    store::ShardWriter shard(shard_path(),
                             provenance_of(config_, plan_, start_, session_, device_->info()));
    if (session_.rank() == 0) shard.plan(plan_.rows());
    progress::ProgressLine line(stderr, plan_.bundles.size(), start_.done.size(),
                                static_cast<std::uint32_t>(session_.size()), quiet());
    handout::MpiOptions mpi;
    mpi.takes_phase1 = device_->torch_device().is_cuda() || session_.local_rank() == 0;
    const auto handout = handout::make_mpi(
        items, [&line](const handout::Progress& p) { line.update(p.done); }, mpi);
    WorkLoop loop{plan_,
                  [&preparer](const BundlePlan& bundle) { return preparer.prepare(bundle); },
                  {accuracy.get(), latency.get()},
                  *handout,
                  shard,
                  [&] { return signals.requested() || lock_lost(); }};
    try {
      loop.run();
    } catch (const std::exception& error) {
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
    remaining_ = count_remaining(items, handout->finish(), signals.requested());
    shard.close();
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

  [[nodiscard]] bool quiet() const {
    return session_.rank() != 0 || options_.log_level == cli::LogLevel::quiet;
  }
  [[nodiscard]] std::filesystem::path shard_path() const {
    return config_.output / "shards" / fmt::format("{}-r{}.h5", start_.attempt, session_.rank());
  }

  const cli::RunOptions& options_;
  const launch::Session& session_;
  config::Config config_;
  std::unique_ptr<measure::Device> device_;
  model::Geometry geometry_;
  std::vector<PlannedMethod> methods_;
  std::unique_ptr<Prompts> prompts_;
  Plan plan_;
  std::unique_ptr<launch::RunLock> lock_;
  StartInfo start_;
  std::uint64_t remaining_ = 0;
};

int finish_dry_run(const Run& run, const launch::Session& session) {
  run.dry_run();
  static_cast<void>(session.broadcast(""));  // nothing to do for the others
  return 0;
}

/// The run of one rank between the start of MPI and its end.
int run_rank(const cli::RunOptions& options, launch::Session& session,
             const launch::SignalFlag& signals) {
  // Rank 0 meets every mistake of the user first and alone: the others begin when it has settled
  // the start.
  const std::string start = session.rank() == 0 ? std::string() : session.broadcast("");
  Run run(options, session);
  if (session.rank() == 0) {
    if (options.dry_run) return finish_dry_run(run, session);
    run.settle();
    static_cast<void>(session.broadcast(run.start().to_text()));
  } else {
    if (start.empty()) return 0;  // dry run
    run.set_start(StartInfo::from_text(start));
  }
  int code = run.work(signals);
  code = session.meet(code, 120s);
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
  const launch::AbandonGuard abandon(signals);
  try {
    const int code = run_rank(options, session, signals);
    if (session.others_lost()) launch::Session::exit_now(code);
    return code;
  } catch (const std::exception& error) {
    // The other ranks wait in a collective call that this one will never join.
    if (session.size() == 1) throw;
    fail_all_ranks(session, error);
  }
}

}  // namespace litebench::evaluate
