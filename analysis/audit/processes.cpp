#include "analysis/audit/processes.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace litebench::analysis::audit {
namespace {

constexpr std::string_view kMetrics[] = {"rank", "bundles", "busy_s",   "idle_s",
                                         "idle", "tail_s",  "longest_s"};

/// What the bundles of one process, or of all of an attempt, add up to; ns.
struct Span {
  std::int64_t bundles = 0, busy = 0, first = 0, last = 0, longest = 0;

  void add(const results::Bundle& bundle) {
    const std::int64_t end = bundle.begin_ns + bundle.duration_ns;
    first = bundles == 0 ? bundle.begin_ns : std::min<std::int64_t>(first, bundle.begin_ns);
    last = std::max(last, end);
    longest = std::max<std::int64_t>(longest, bundle.duration_ns);
    busy += bundle.duration_ns;
    ++bundles;
  }
};

double value_of(std::string_view metric, const Process& process, const Span& own,
                const Span& attempt) {
  constexpr double kSecond = 1e9;
  const auto idle = static_cast<double>(attempt.last - attempt.first - own.busy);
  if (metric == "rank") return process.rank;
  if (metric == "bundles") return static_cast<double>(own.bundles);
  if (metric == "busy_s") return static_cast<double>(own.busy) / kSecond;
  if (metric == "idle_s") return idle / kSecond;
  if (metric == "tail_s") return static_cast<double>(attempt.last - own.last) / kSecond;
  if (metric == "longest_s") return static_cast<double>(own.longest) / kSecond;
  return attempt.last > attempt.first ? idle / static_cast<double>(attempt.last - attempt.first)
                                      : 0;
}

}  // namespace

bool is_process_metric(std::string_view metric) {
  return std::ranges::find(kMetrics, metric) != std::end(kMetrics);
}

Evidence process_evidence(const Run& run, std::string_view metric, std::string_view subject) {
  Evidence evidence;
  evidence.table = "bundles";
  evidence.formula =
      "busy: Σ duration_ns; idle: last end − first begin of the attempt − busy; tail: last end of "
      "the "
      "attempt − own last end";
  const auto process = std::ranges::find_if(run.processes, [&](const Process& p) {
    return fmt::format("{}/r{}", p.attempt, p.rank) == subject;
  });
  if (process == run.processes.end()) {
    evidence.formula = fmt::format("there is no process {}", subject);
    return evidence;
  }
  evidence.known = true;
  Span own, attempt;
  for (std::size_t row = 0; row < run.bundles.size(); ++row) {
    const results::Bundle& bundle = run.bundles[row];
    const Process& by = run.processes[static_cast<std::size_t>(bundle.attempt)];
    if (by.attempt != process->attempt) continue;
    attempt.add(bundle);
    if (by.rank != process->rank) continue;
    own.add(bundle);
    evidence.rows.push_back(row);
  }
  evidence.steps.push_back(
      fmt::format("{} bundles, busy {} ns; attempt from {} to {}, own last end {}", own.bundles,
                  own.busy, attempt.first, attempt.last, own.last));
  evidence.value = value_of(metric, *process, own, attempt);
  return evidence;
}

}  // namespace litebench::analysis::audit
