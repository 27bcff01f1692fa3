// The latency pass. Variants of one image are interleaved in an order drawn per image and repeat,
// so that a drift of the machine's clock falls on all of them alike and ratios are paired. A picture is
// repeated until its ratios are known well enough (repeats.hpp). Timed runs may come from CUDA graphs, which are
// recorded before the first of them (stage_graphs.hpp).

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "harness/evaluate/accounting.hpp"
#include "harness/evaluate/pass.hpp"
#include "harness/evaluate/repeats.hpp"
#include "harness/evaluate/sequences.hpp"
#include "harness/evaluate/single.hpp"
#include "model/prune/answer/answer.hpp"
#include "shards/store/cold_start.hpp"

namespace litebench::evaluate {
namespace {

/// For the whole run: what a device cannot record once it will not record the next time.
Error cannot_record(const std::string& reason) {
  return {ExitCode::usage, "timed runs cannot come from CUDA graphs", reason,
          "leave passes.latency.cuda_graph out and start in another folder"};
}

class LatencyPass final : public GuardedPass {
 public:
  explicit LatencyPass(const PassContext& context)
      : GuardedPass(context, store::Pass::latency), clock_(context.device.make_clock()) {
    if (!context.config.latency.enabled || !context.config.latency.cuda_graph) return;
    recorder_ = context.device.make_graph_recorder();
    if (recorder_ == nullptr) throw no_graphs(context.device.info());
    graphs_ = std::make_unique<StageGraphs>(*recorder_);
  }

 private:
  /// What a conversation is found to be before it is timed from graphs.
  struct Checked {
    store::Status status = store::Status::ok;
    std::string error;  ///< not empty: it cannot be timed
    std::int64_t peak_bytes_llm = 0,
                 peak_bytes_total = 0;  ///< without graphs, whose memory is taken beforehand
  };

  void evaluate(std::span<const ImageWork> images) override {
    for (const ImageWork& image : images) time_image(image.bundle, image.prepared, image.rows);
  }

  void time_image(const BundlePlan& bundle, const PreparedImage& prepared, BundleRows& rows) {
    for (std::size_t s = 0; s < prepared.samples.size(); ++s) {
      if (const std::string& error = prepared.samples[s].error; !error.empty()) {
        rows.fail_sample(s, runs(), store::Status::failed_sample, error);
        continue;
      }
      warm_up(prepared, s, protocol_of(bundle), rows);
      if (graphs_) record_graphs(prepared, s, protocol_of(bundle));
      time_rounds(bundle, prepared, s, rows);
    }
  }

  void time_rounds(const BundlePlan& bundle, const PreparedImage& prepared, std::size_t s,
                   BundleRows& rows) {
    RepeatRule rule(context().config.latency, runs().size(), baseline());
    std::vector<std::int64_t> times(runs().size());
    for (std::int32_t repeat = 0; !rule.enough(); ++repeat) {
      std::int16_t order = 0;
      for (const std::size_t run : order_of(bundle, repeat)) {
        times[run] = time_one(prepared, s, protocol_of(bundle), runs()[run], repeat, order++, rows);
      }
      rule.add(times);
    }
  }

  /// What the ratios refer to that decide how often a picture is timed: position in runs().
  [[nodiscard]] std::size_t baseline() const {
    std::size_t first = runs().size();
    for (std::size_t i = runs().size(); i-- > 0;) {
      const PlannedMethod& method = method_of(runs()[i]);
      if (!method.infeasible.empty()) continue;
      first = i;
      if (unit::id_of(method.variant) == context().config.tables.baseline) return i;
    }
    return first < runs().size() ? first : 0;
  }

  [[nodiscard]] const PlannedMethod& method_of(const VariantRun& run) const {
    return context().methods[static_cast<std::size_t>(run.variant)];
  }

  /// Adds the row and returns total_ns; 0 where the variant is infeasible, −1 where it failed.
  std::int64_t time_one(const PreparedImage& prepared, std::size_t s,
                        const protocol::Protocol& protocol, const VariantRun& run,
                        std::int32_t repeat, std::int16_t order, BundleRows& rows) {
    const PlannedMethod& method = method_of(run);
    const PreparedSample& sample = prepared.samples[s];
    const RowKey key{s, run};
    if (!method.infeasible.empty()) {
      rows.add_unit(key, store::Status::infeasible, method.infeasible).repeat =
          static_cast<std::int16_t>(repeat);
      return 0;
    }
    if (graphs_ && !checked_of(run).error.empty()) {
      rows.add_unit(key, checked_of(run).status, checked_of(run).error).repeat =
          static_cast<std::int16_t>(repeat);
      return -1;
    }
    try {
      const measure::DeviceState before = context().device.state();
      SingleRun timed = run_once(method, prepared, sample, protocol, graphs_.get());
      if (graphs_) {
        timed.peak_bytes_llm = checked_of(run).peak_bytes_llm;
        timed.peak_bytes_total = checked_of(run).peak_bytes_total;
      }
      const measure::DeviceState state = measure::between(before, context().device.state());
      store::UnitRow& row = add_timed(
          finite(timed)
              ? rows.add_unit(key, store::Status::ok)
              : rows.add_unit(key, store::Status::failed_sample, "mask logits are not finite"),
          timed, method, sample, protocol);
      row.repeat = static_cast<std::int16_t>(repeat);
      row.order = order;
      note_state(row, state);
      return row.status == store::Status::ok ? std::int64_t{row.total_ns} : -1;
    } catch (const prune::MethodFailure& failure) {
      rows.add_unit(key, store::Status::failed_method, failure.what()).repeat =
          static_cast<std::int16_t>(repeat);
    } catch (const Error& error) {
      // Every timed run reads the picture anew, and it may have gone since it was prepared.
      rows.add_unit(key, store::Status::failed_decode, error.what()).repeat =
          static_cast<std::int16_t>(repeat);
    }
    return -1;
  }

  [[nodiscard]] SingleRun run_once(const PlannedMethod& method, const PreparedImage& prepared,
                                   const PreparedSample& sample, const protocol::Protocol& protocol,
                                   StageGraphs* graphs) {
    return run_single(context(), method, prepared.image, sample, protocol, *clock_,
                      context().config.latency.compute, graphs);
  }

  [[nodiscard]] Checked& checked_of(const VariantRun& run) {
    return checked_[static_cast<std::size_t>(run.variant)];
  }

  /// Records what the conversation's shapes lack, for all variants, and holds masks from graphs against those without.
  void record_graphs(const PreparedImage& prepared, std::size_t s,
                     const protocol::Protocol& protocol) {
    checked_.assign(context().methods.size(), {});
    graphs_->set(StageGraphs::Mode::record);
    for (const VariantRun& run : runs()) {
      if (method_of(run).infeasible.empty())
        checked_of(run) = check(method_of(run), prepared, prepared.samples[s], protocol);
    }
    graphs_->set(StageGraphs::Mode::replay);
  }

  Checked check(const PlannedMethod& method, const PreparedImage& prepared,
                const PreparedSample& sample, const protocol::Protocol& protocol) {
    SingleRun plain, replayed;
    try {
      plain = run_once(method, prepared, sample, protocol, nullptr);
      replayed = run_once(method, prepared, sample, protocol, graphs_.get());
    } catch (const measure::GraphError& error) {
      throw cannot_record(error.what());
    } catch (const prune::MethodFailure& failure) {
      return {.status = store::Status::failed_method, .error = failure.what()};
    } catch (const Error& error) {
      return {.status = store::Status::failed_decode, .error = error.what()};
    }
    const bool equal = std::equal(
        plain.masks.begin(), plain.masks.end(), replayed.masks.begin(), replayed.masks.end(),
        [](const auto& a, const auto& b) { return a.finite == b.finite && a.mask == b.mask; });
    if (!equal)
      return {.status = store::Status::failed_sample,
              .error = "masks from CUDA graphs differ from those without"};
    return {.peak_bytes_llm = plain.peak_bytes_llm, .peak_bytes_total = plain.peak_bytes_total};
  }

  static bool finite(const SingleRun& run) {
    return std::all_of(run.masks.begin(), run.masks.end(), [](const auto& m) { return m.finite; });
  }

  store::UnitRow& add_timed(store::UnitRow& row, const SingleRun& timed,
                            const PlannedMethod& method, const PreparedSample& sample,
                            const protocol::Protocol& protocol) const {
    const model::Geometry& geometry = context().glamm.geometry();
    account(row, *timed.ledger, geometry, method,
            {std::ssize(sample.targets),
             clip_text_length(sample, text_kind(method, geometry, protocol)),
             static_cast<std::int64_t>(c10::elementSize(context().glamm.dtype())),
             context().config.latency.compute});
    row.stage_ns = timed.stage_ns;
    row.total_ns = timed.total_ns;
    row.peak_bytes_llm = timed.peak_bytes_llm;
    row.peak_bytes_total = timed.peak_bytes_total;
    return row;
  }

  /// Runs per shape before the timed ones: kernels are chosen and memory pools filled at the first
  /// sight of a size. The very first is a row of its own.
  void warm_up(const PreparedImage& prepared, std::size_t s, const protocol::Protocol& protocol,
               BundleRows& rows) {
    const PreparedSample& sample = prepared.samples[s];
    for (const VariantRun& run : runs()) {
      const PlannedMethod& method = method_of(run);
      if (!method.infeasible.empty()) continue;
      const auto shape = std::pair(run.variant, sample.input_ids.size());
      if (!warm_.insert(shape).second) continue;
      for (std::int32_t i = 0; i < context().config.latency.warmup; ++i) {
        try {
          const SingleRun timed = run_once(method, prepared, sample, protocol, nullptr);
          if (i > 0 || !finite(timed)) continue;
          store::UnitRow& row = add_timed(rows.add_unit({s, run}, store::Status::ok), timed, method,
                                          sample, protocol);
          row.repeat = store::kColdStart;
          row.order = cold_starts_;
          if (cold_starts_ < std::numeric_limits<std::int16_t>::max()) ++cold_starts_;
        } catch (const prune::MethodFailure&) {
          break;  // the timed runs will meet it and record it
        } catch (const Error&) {
          return;  // so they will this
        }
      }
    }
  }

  /// Positions in runs().
  [[nodiscard]] std::vector<std::size_t> order_of(const BundlePlan& bundle,
                                                  std::int32_t repeat) const {
    std::vector<std::pair<std::uint64_t, std::size_t>> keyed;
    for (std::size_t i = 0; i < runs().size(); ++i) {
      const std::string key = fmt::format("order|{}|{}|{}|{}", context().config.seed,
                                          bundle.row.bundle_id, repeat, runs()[i].variant);
      keyed.emplace_back(hash64(key), i);
    }
    std::sort(keyed.begin(), keyed.end());
    std::vector<std::size_t> ordered;
    for (const auto& [key, run] : keyed) ordered.push_back(run);
    return ordered;
  }

  std::unique_ptr<measure::Clock> clock_;
  std::set<std::pair<std::int16_t, std::size_t>> warm_;  ///< (variant, T) that ran before
  std::int16_t cold_starts_ = 0;
  std::unique_ptr<measure::GraphRecorder> recorder_;  // null: timed without graphs
  std::unique_ptr<StageGraphs> graphs_;
  std::vector<Checked> checked_;  ///< by variant, of the conversation at hand
};

}  // namespace

Error no_graphs(const measure::DeviceInfo& device) {
  return {ExitCode::usage, "timed runs cannot come from CUDA graphs",
          fmt::format("the run computes on {} ({}), which has none", device.kind, device.name),
          "leave passes.latency.cuda_graph out, or start where a GPU is"};
}

std::unique_ptr<EvaluationPass> make_latency_pass(const PassContext& context) {
  return std::make_unique<LatencyPass>(context);
}

}  // namespace litebench::evaluate
