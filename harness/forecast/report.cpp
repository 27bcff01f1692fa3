#include "harness/forecast/report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <ATen/Version.h>
#include <fmt/core.h>
#include <torch/headeronly/version.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "harness/evaluate/keys.hpp"
#include "harness/evaluate/supervision.hpp"
#include "harness/forecast/forecast.hpp"
#include "harness/progress/progress.hpp"
#include "model/checkpoint/expected.hpp"
#include "shards/handout/simulation.hpp"

namespace litebench::forecast {
namespace {

constexpr double kMeasureSeconds = 12;

std::string sizes_of(const model::Geometry& g) {
  return fmt::format(
      "LLM {}x{} heads {} mlp {} vocab {}; CLIP {}x{} at {}/{}; text {}x{}; SAM {}x{} global {} at "
      "{}",
      g.llama.hidden, g.llama.layers, g.llama.heads, g.llama.mlp, g.llama.vocab, g.vision.hidden,
      g.vision.layers, g.vision.image, g.vision.patch, g.text.hidden, g.text.layers, g.sam.dim,
      g.sam.depth, g.sam.global_blocks.size(), g.sam.image);
}

Key key_of(const Subject& subject) {
  const measure::DeviceInfo device = subject.device.info();
  return {{"device", device.name},
          {"kind", device.kind},
          {"capability", at::get_cpu_capability()},
          {"LibTorch", TORCH_VERSION},
          {"dtype", std::string(config::name_of(subject.config.dtype))},
          {"threads", std::to_string(subject.config.threads)},
          {"prompts_per_decode", std::to_string(subject.config.prompts_per_decode)},
          {"model", sizes_of(subject.geometry)},
          {"version", std::to_string(evaluate::kNumericVersion)}};
}

/// Rates measured before, as far as there are any.
Rates known_rates(const std::filesystem::path& given, const std::filesystem::path& file,
                  const Key& key) {
  if (file.empty() || !std::filesystem::exists(file)) return Rates(key);
  if (!given.empty()) return Rates::load(file, key);
  try {
    return Rates::load(file, key);
  } catch (const Error&) {
    return Rates(key);  // a cache is a convenience
  }
}

Rates rates_for(const Subject& subject, const std::filesystem::path& given) {
  const Key key = key_of(subject);
  const std::filesystem::path file = given.empty() ? default_rates_file(key) : given;
  Rates rates = known_rates(given, file, key);
  if (missing(rates, subject).empty()) return rates;
  std::fflush(stdout);
  fmt::print(stderr, "litebench: measuring what operators cost here, once{}\n",
             file.empty() ? "" : fmt::format(" (kept in {})", file.string()));
  measure_missing(rates, subject, reduce(subject.geometry), kMeasureSeconds);
  if (file.empty()) return rates;
  try {
    rates.save(file);
  } catch (const Error&) {
    if (!given.empty()) throw;
  }
  return rates;
}

double weight_bytes(const Subject& subject) {
  double elements = 0;
  for (const auto& specs :
       {model::expected_glamm(subject.geometry, config::compute_of(subject.config)),
        model::expected_clip(subject.geometry)}) {
    for (const model::TensorSpec& spec : specs) {
      if (spec.need == model::Need::unused) continue;
      double count = 1;
      for (const std::int64_t size : spec.shape) count *= static_cast<double>(size);
      elements += count;
    }
  }
  return elements * (subject.config.dtype == config::DTypeChoice::fp32 ? 4 : 2);
}

void add(Stages& to, const Stages& stages) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += stages[i];
}

/// One variant over all bundles of the latency pass.
struct Timed {
  Stages stages{};  ///< sums of single runs
  std::int64_t runs = 0;
  Memory memory;  ///< largest
  double flops = 0;
};

struct Predicted {
  std::vector<double> seconds;  ///< of every group of the plan
  Stages accuracy{};            ///< sums
  std::int64_t accuracy_bundles = 0;
  std::map<std::size_t, Timed> latency;  ///< by variant
  Memory accuracy_memory;                ///< largest
  nlohmann::json bundles = nlohmann::json::array();
};

nlohmann::json to_json(const Stages& stages) {
  nlohmann::json json;
  for (std::size_t i = 0; i < stages.size(); ++i)
    json[std::string(store::name_of(static_cast<store::Stage>(i)))] = stages[i];
  return json;
}

class Prediction {
 public:
  Prediction(const Subject& subject, const Rates& rates)
      : subject_(subject), forecaster_(rates, subject.config, subject.geometry, subject.methods) {
    for (const evaluate::GroupPlan& group : subject.plan.groups) {
      std::vector<BundleShape> shapes;
      for (const evaluate::BundlePlan& bundle : group.members)
        shapes.push_back(shape_of(subject.plan, subject.config, subject.prompts, bundle));
      if (group.pass() == store::Pass::accuracy) {
        add_accuracy(group, shapes);
      } else {
        add_latency(group.members.front(), shapes.front());
      }
    }
  }
  [[nodiscard]] const Predicted& result() const { return result_; }

 private:
  /// Time image by image, as if the packs of each were its own.
  void add_accuracy(const evaluate::GroupPlan& group, const std::vector<BundleShape>& shapes) {
    const auto protocol = static_cast<std::size_t>(group.members.front().row.protocol);
    const Memory memory = forecaster_.accuracy_memory(shapes, protocol);
    if (memory.total > result_.accuracy_memory.total) result_.accuracy_memory = memory;
    double seconds = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const Stages stages = forecaster_.accuracy(shapes[i], protocol);
      seconds += total(stages);
      add(result_.accuracy, stages);
      ++result_.accuracy_bundles;
      if (i < group.recorded) record(group.members[i], "", stages, memory);
    }
    result_.seconds.push_back(seconds);
  }

  void add_latency(const evaluate::BundlePlan& bundle, const BundleShape& shape) {
    const auto protocol = static_cast<std::size_t>(bundle.row.protocol);
    const config::LatencyPass& pass = subject_.config.latency;
    double seconds = 0;
    for (const evaluate::VariantRun& run :
         evaluate::runs_of(subject_.config, store::Pass::latency)) {
      const auto variant = static_cast<std::size_t>(run.variant);
      const VariantShape& of = forecaster_.variant(protocol, variant);
      if (!of.feasible) continue;
      for (const SampleShape& sample : shape.samples) {
        const Stages stages = forecaster_.latency(shape, sample, protocol, variant);
        const bool is_new = warm_.insert({variant, sample.text_rows}).second;
        seconds += total(stages) * (pass.repeats + (is_new ? pass.warmup : 0));
        Timed& timed = result_.latency[variant];
        add(timed.stages, stages);
        ++timed.runs;
        const Memory memory = forecaster_.latency_memory(sample, protocol, variant);
        timed.memory.llm = std::max(timed.memory.llm, memory.llm);
        timed.memory.total = std::max(timed.memory.total, memory.total);
        const double flops = forecaster_.latency_flops(sample, protocol, variant);
        timed.flops += flops;
        record(bundle, of.id, stages, memory, flops);
      }
    }
    result_.seconds.push_back(seconds);
  }

  void record(const evaluate::BundlePlan& bundle, const std::string& variant, const Stages& stages,
              const Memory& memory, double flops = 0) {
    nlohmann::json json = {
        {"pass", store::name_of(bundle.row.pass)},
        {"split", subject_.plan.splits[static_cast<std::size_t>(bundle.row.split)].name},
        {"protocol", std::int64_t{bundle.row.protocol}},
        {"image_id", std::int64_t{bundle.row.image_id}},
        {"stages", to_json(stages)},
        {"total", total(stages)},
        {"peak_bytes_llm", memory.llm},
        {"peak_bytes_total", memory.total}};
    if (!variant.empty()) {
      json["variant"] = variant;
      json["flops_total"] = flops;
    }
    result_.bundles.push_back(std::move(json));
  }

  const Subject& subject_;
  Forecaster forecaster_;
  Predicted result_;
  std::set<std::pair<std::size_t, std::int64_t>> warm_;  ///< shapes that ran before
};

/// "sam 413, prefill 8.7, …": milliseconds of what takes at least a hundredth, largest first.
std::string stages_text(const Stages& sum, std::int64_t count) {
  std::vector<std::pair<double, std::string_view>> parts;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    if (sum[i] >= 0.01 * total(sum))
      parts.emplace_back(sum[i], store::name_of(static_cast<store::Stage>(i)));
  }
  std::sort(parts.rbegin(), parts.rend());
  std::string text;
  for (const auto& [seconds, name] : parts) {
    text += fmt::format("{}{} {:.3g}", text.empty() ? "" : ", ", name,
                        1e3 * seconds / static_cast<double>(count));
  }
  return text;
}

double milliseconds(const Stages& sum, std::int64_t count) {
  return 1e3 * total(sum) / static_cast<double>(count);
}

void print(const Subject& subject, const Predicted& predicted) {
  fmt::print("predicted, in ms of one rank on {}, {} thread{}\n", subject.device.info().name,
             subject.config.threads, subject.config.threads == 1 ? "" : "s");
  if (predicted.accuracy_bundles > 0) {
    fmt::print("  {:<34}{:.4g} a bundle: {}\n", "accuracy",
               milliseconds(predicted.accuracy, predicted.accuracy_bundles),
               stages_text(predicted.accuracy, predicted.accuracy_bundles));
  }
  for (const auto& [variant, timed] : predicted.latency) {
    fmt::print("  {:<34}{:.4g} a run: {}; peak {:.1f} MB, LLM {:.1f} MB; {:.4g} TFLOPs\n",
               unit::id_of(subject.methods[variant].variant),
               milliseconds(timed.stages, timed.runs), stages_text(timed.stages, timed.runs),
               1e-6 * timed.memory.total, 1e-6 * timed.memory.llm,
               1e-12 * timed.flops / static_cast<double>(timed.runs));
  }
  double largest = predicted.accuracy_memory.total;
  for (const auto& [variant, timed] : predicted.latency)
    largest = std::max(largest, timed.memory.total);
  const double weights = weight_bytes(subject);
  const auto room = static_cast<double>(subject.device.info().total_bytes);
  fmt::print(
      "memory    weights {:.1f} MB, largest bundle {:.1f} MB beside them; the device has {:.0f} "
      "MB{}\n",
      1e-6 * weights, 1e-6 * largest, 1e-6 * room,
      weights + largest > room ? ": IT WILL NOT FIT" : "");
}

struct Expected {
  std::uint32_t ranks = 1;
  double seconds = 0, idle = 0;  ///< idle: share of the ranks' time
};

/// The run's own hand-out in made-up time.
std::vector<Expected> runs_of(const Subject& subject, const Predicted& predicted) {
  std::vector<handout::WorkItem> items;
  for (const evaluate::GroupPlan& group : subject.plan.groups) {
    items.push_back({static_cast<std::uint32_t>(items.size()), evaluate::predicted_cost(group),
                     static_cast<std::uint8_t>(group.pass())});
  }
  const bool gpu = subject.device.torch_device().is_cuda();
  const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Expected> all;
  for (const std::uint32_t ranks : {1U, 2U, 8U, 64U, 512U}) {
    if (ranks > 1 && ranks > items.size()) break;
    handout::SimulatedMachine machine;
    machine.ranks_per_device = gpu ? 1 : std::min(ranks, cores);  // latency: one rank of a node
    const handout::SimulatedRun run = handout::simulate(items, predicted.seconds, ranks, machine);
    all.push_back({ranks, run.seconds, run.idle()});
  }
  return all;
}

void print(const std::vector<Expected>& runs) {
  std::string text;
  for (const Expected& run : runs) {
    text += fmt::format("{}{} rank{} {}", text.empty() ? "" : "; ", run.ranks,
                        run.ranks == 1 ? "" : "s", progress::duration_text(run.seconds));
    if (run.ranks > 1) text += fmt::format(" ({:.1f} % idle)", 100 * run.idle);
  }
  fmt::print("time      {}\n", text);
}

nlohmann::json to_json(const std::vector<Expected>& runs) {
  auto json = nlohmann::json::array();
  for (const Expected& run : runs)
    json.push_back({{"ranks", run.ranks}, {"seconds", run.seconds}, {"idle", run.idle}});
  return json;
}

void write_json(const std::filesystem::path& path, const Subject& subject,
                const Predicted& predicted, const std::vector<Expected>& runs) {
  const nlohmann::json json = {{"weight_bytes", weight_bytes(subject)},
                               {"ranks", to_json(runs)},
                               {"bundle_seconds", predicted.seconds},
                               {"runs", predicted.bundles}};
  std::ofstream out(path);
  out << json.dump(1) << '\n';
  if (out.flush()) return;
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), "the disk refuses",
              "name another file with --forecast");
}

}  // namespace

void print_forecast(const Subject& subject, const ReportOptions& options) {
  const Rates rates = rates_for(subject, options.rates);
  const Prediction prediction(subject, rates);
  const std::vector<Expected> runs = runs_of(subject, prediction.result());
  print(subject, prediction.result());
  print(runs);
  if (!options.json.empty()) write_json(options.json, subject, prediction.result(), runs);
}

}  // namespace litebench::forecast
