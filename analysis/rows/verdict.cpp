#include "analysis/rows/verdict.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "analysis/rows/gather.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

std::string plural(std::int64_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// "refcoco/val accuracy: 12 images (31, 98304, 262144, …)"
std::vector<std::string> missing_of(const Run& run) {
  std::map<std::tuple<std::int16_t, std::int16_t, store::Pass>, std::vector<std::int64_t>> images;
  for (const PlannedBundle& planned : run.plan) {
    if (!planned.done)
      images[{planned.split, planned.protocol, planned.pass}].push_back(planned.image_id);
  }
  std::vector<std::string> missing;
  for (auto& [where, ids] : images) {
    const auto& [split, protocol, pass] = where;
    std::sort(ids.begin(), ids.end());
    constexpr std::size_t kShown = 5;
    const std::vector<std::int64_t> first(
        ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(kShown, std::ssize(ids)));
    const std::string in_protocol =
        run.protocols.size() > 1 ? fmt::format(" protocol {}", protocol) : "";
    missing.push_back(fmt::format("{}{} {}: {} ({}{})", run.splits[at(split)], in_protocol,
                                  store::name_of(pass), plural(std::ssize(ids), "image"),
                                  fmt::join(first, ", "), ids.size() > kShown ? ", …" : ""));
  }
  return missing;
}

std::string describe(const Run& run, const Exclusion& reason) {
  const results::Sample& sample = run.samples[reason.sample];
  std::string message;
  for (const Failure& failure : run.failures) {
    const results::Unit& unit = run.units[failure.unit];
    if (unit.sample_id != sample.sample_id || unit.variant != reason.variant ||
        failure.message.empty())
      continue;
    message = ": " + failure.message;
    break;
  }
  return fmt::format("{} image {} sample {} ({} in {}{})", run.splits[at(sample.split)],
                     sample.image_id, sample.ordinal, store::name_of(reason.status),
                     run.variants[at(reason.variant)].id, message);
}

std::string continuing_command(const Run& run) {
  std::error_code error;
  if (std::filesystem::exists(run.directory / kMergedFrom, error))
    return fmt::format("the runs that {} names, then merge them again",
                       (run.directory / kMergedFrom).string());
  const std::int32_t ranks = run.processes.back().ranks;
  const std::string launcher = ranks > 1 ? fmt::format("mpirun -n {} ", ranks) : "";
  return fmt::format("{}litebench --config {}", launcher, (run.directory / "config.toml").string());
}

void add_notes(Verdict& verdict, const Run& run) {
  for (const Process& process : run.processes) {
    if (process.damage.empty()) continue;
    verdict.notes.push_back(fmt::format("{}: {} of {} bytes are readable ({})", process.file,
                                        process.valid_bytes, process.total_bytes, process.damage));
  }
  for (const std::string& text : run.unreadable)
    verdict.notes.push_back("unreadable shard " + text);
  verdict.notes.insert(verdict.notes.end(), run.notes.begin(), run.notes.end());
  if (verdict.audited_bundles > 0) {
    verdict.notes.push_back(fmt::format("{} done more than once and compared",
                                        plural(verdict.audited_bundles, "bundle")));
  }
}

void add_invalid_reasons(Verdict& verdict, const Run& run) {
  for (const std::string& conflict : run.conflicts) verdict.reasons.push_back(conflict);
  for (const Disagreement& d : run.disagreements) {
    verdict.reasons.push_back(fmt::format("the same work gave different masks{}: {}",
                                          d.same_environment ? "" : " on different machines",
                                          d.what));
  }
}

void add_partial_reasons(Verdict& verdict, const Run& run, const Pairing& pairing) {
  if (run.plan.empty())
    verdict.reasons.emplace_back("no shard holds the plan, so what is missing is unknown");
  if (verdict.done_bundles < verdict.planned_bundles) {
    verdict.reasons.push_back(fmt::format("{} of {} bundles are missing",
                                          verdict.planned_bundles - verdict.done_bundles,
                                          verdict.planned_bundles));
  }
  for (const Exclusion& reason : pairing.unfinished)
    verdict.reasons.push_back(describe(run, reason));
  for (const Failure& failure : run.failures) {
    const results::Unit& unit = run.units[failure.unit];
    const bool again = unit.status == store::Status::failed_method;
    if (unit.pass != store::Pass::latency || !(again || store::is_transient(unit.status))) continue;
    verdict.reasons.push_back(fmt::format("{} latency repeat {}: {}", run.where(unit), unit.repeat,
                                          store::name_of(unit.status)));
  }
}

/// Whether starting again can help: not where all that is missing are the answers of a method that
/// would give the same ones.
bool can_continue(const Verdict& verdict, const Run& run) {
  if (run.plan.empty() || verdict.done_bundles < verdict.planned_bundles) return true;
  return std::all_of(run.failures.begin(), run.failures.end(), [&](const Failure& failure) {
    return run.units[failure.unit].status != store::Status::failed_method;
  }) || std::any_of(run.failures.begin(), run.failures.end(), [&](const Failure& failure) {
    return store::is_transient(run.units[failure.unit].status);
  });
}

std::string line_of(const Verdict& verdict) {
  if (verdict.state == State::invalid) {
    return fmt::format("INVALID: {}{}", verdict.reasons.front(),
                       verdict.reasons.size() > 1
                           ? fmt::format(" (and {} more)", verdict.reasons.size() - 1)
                           : "");
  }
  const std::string excluded =
      verdict.excluded.empty()
          ? ""
          : fmt::format(", {} excluded", plural(std::ssize(verdict.excluded), "sample"));
  if (verdict.state == State::valid) {
    return fmt::format("VALID{}: {}, {}", excluded, plural(verdict.done_bundles, "bundle"),
                       plural(verdict.units, "unit"));
  }
  const std::string what = fmt::format("PARTIAL{}: {}", excluded, verdict.reasons.front());
  if (!verdict.command.empty()) return fmt::format("{}; continue with: {}", what, verdict.command);
  const std::size_t more = verdict.reasons.size() - 1;
  return fmt::format("{}{}; mend the method's file and start with --fresh", what,
                     more > 0 ? fmt::format(" (and {} more)", more) : "");
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::valid: return "VALID";
    case State::partial: return "PARTIAL";
    default: return "INVALID";
  }
}

Verdict judge(const Run& run, const Pairing& pairing) {
  Verdict verdict;
  verdict.planned_bundles = std::ssize(run.plan);
  verdict.done_bundles = std::count_if(run.plan.begin(), run.plan.end(),
                                       [](const PlannedBundle& b) { return b.done; });
  verdict.units = std::ssize(run.units);
  verdict.audited_bundles = run.audited_bundles;
  verdict.missing = missing_of(run);
  for (const Exclusion& reason : pairing.excluded)
    verdict.excluded.push_back(describe(run, reason));
  for (const auto& [split, protocol, variant] : pairing.infeasible) {
    verdict.infeasible.push_back(
        fmt::format("{} in {}", run.variants[at(variant)].id, run.splits[at(split)]));
  }
  add_notes(verdict, run);
  add_invalid_reasons(verdict, run);
  if (!verdict.reasons.empty()) {
    verdict.state = State::invalid;
  } else {
    add_partial_reasons(verdict, run, pairing);
    if (!verdict.reasons.empty()) {
      verdict.state = State::partial;
      if (can_continue(verdict, run)) verdict.command = continuing_command(run);
    }
  }
  verdict.line = line_of(verdict);
  return verdict;
}

ExitCode exit_code(const Verdict& verdict) {
  switch (verdict.state) {
    case State::valid: return ExitCode::complete;
    case State::partial: return ExitCode::incomplete;
    default: return ExitCode::data;
  }
}

std::string to_json(const Verdict& verdict, const Run& run) {
  nlohmann::ordered_json out;
  out["schema"] = 1;
  out["verdict"] = name_of(verdict.state);
  out["line"] = verdict.line;
  out["bundles"] = {{"planned", verdict.planned_bundles},
                    {"done", verdict.done_bundles},
                    {"audited", verdict.audited_bundles}};
  out["units"] = verdict.units;
  out["reasons"] = verdict.reasons;
  out["missing"] = verdict.missing;
  out["excluded"] = verdict.excluded;
  out["infeasible"] = verdict.infeasible;
  out["notes"] = verdict.notes;
  out["continue"] = verdict.command;
  out["family"] = run.processes.front().family;
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace litebench::analysis
