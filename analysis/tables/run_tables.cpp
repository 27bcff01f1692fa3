// How the run went: processes and failures.

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "analysis/tables/build.hpp"

namespace litebench::analysis {
namespace {

constexpr double kSecond = 1e9;

/// One process: when it worked, from the commits that count.
struct Work {
  std::int64_t bundles = 0, busy_ns = 0, first_ns = 0, last_ns = 0, longest_ns = 0;
  const results::Bundle* longest = nullptr;
};

/// Attempt and rank: a process has a shard for every pack of variants and for every pass.
using ProcessId = std::pair<std::string, std::int32_t>;

std::map<ProcessId, Work> work_by_process(const Run& run) {
  std::map<ProcessId, Work> all;
  for (const results::Bundle& bundle : run.bundles) {
    const Process& shard = run.processes[static_cast<std::size_t>(bundle.attempt)];
    Work& work = all[{shard.attempt, shard.rank}];
    const std::int64_t end = bundle.begin_ns + bundle.duration_ns;
    if (work.bundles == 0 || bundle.begin_ns < work.first_ns) work.first_ns = bundle.begin_ns;
    work.last_ns = std::max(work.last_ns, end);
    if (work.longest == nullptr || bundle.duration_ns > work.longest_ns) {
      work.longest = &bundle;
      work.longest_ns = bundle.duration_ns;
    }
    work.busy_ns += bundle.duration_ns;
    ++work.bundles;
  }
  return all;
}

/// First begin and last end over the processes of an attempt.
std::map<std::string, std::pair<std::int64_t, std::int64_t>> spans(
    const std::map<ProcessId, Work>& work) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> out;
  for (const auto& [process, w] : work) {
    auto [found, fresh] = out.try_emplace(process.first, w.first_ns, w.last_ns);
    if (fresh) continue;
    found->second.first = std::min(found->second.first, w.first_ns);
    found->second.second = std::max(found->second.second, w.last_ns);
  }
  return out;
}

}  // namespace

Table stragglers_table(const TableInput& input) {
  Table table;
  table.tag = "stragglers";
  table.title = "Processes: work and waiting";
  table.verdict = input.verdict;
  table.caption = "Bundles that count, by the process that did them; times on the wall.";
  table.columns = {
      {"attempt", "Attempt", Unit::text},       {"rank", "Rank", Unit::count},
      {"bundles", "Bundles", Unit::count},      {"busy_s", "Busy s", Unit::seconds},
      {"idle_s", "Idle s", Unit::seconds},      {"idle", "Idle", Unit::percent},
      {"tail_s", "Tail s", Unit::seconds},      {"longest_s", "Longest s", Unit::seconds},
      {"longest", "Longest bundle", Unit::text}};
  const auto work = work_by_process(input.run);
  const auto span = spans(work);
  std::string before;
  for (const auto& [process, w] : work) {
    const auto& [attempt, rank] = process;
    const auto [first, last] = span.at(attempt);
    const auto idle = static_cast<double>(last - first - w.busy_ns);
    const std::string id = fmt::format("{}/r{}", attempt, rank);
    Row row{{}, attempt != before};
    before = attempt;
    const auto add = [&](const char* tag, double value, Unit unit) {
      row.cells.push_back(number_cell(fmt::format("{}/{}", id, tag), value, unit, ""));
      row.cells.back().origin.metric = tag;
    };
    row.cells.push_back(text_cell(id + "/attempt", attempt));
    add("rank", rank, Unit::count);
    add("bundles", static_cast<double>(w.bundles), Unit::count);
    add("busy_s", static_cast<double>(w.busy_ns) / kSecond, Unit::seconds);
    add("idle_s", idle / kSecond, Unit::seconds);
    add("idle", last > first ? idle / static_cast<double>(last - first) : 0, Unit::percent);
    add("tail_s", static_cast<double>(last - w.last_ns) / kSecond, Unit::seconds);
    add("longest_s", static_cast<double>(w.longest_ns) / kSecond, Unit::seconds);
    row.cells.push_back(text_cell(
        id + "/longest",
        fmt::format("{} {} image {}", input.run.splits[static_cast<std::size_t>(w.longest->split)],
                    store::name_of(w.longest->pass), w.longest->image_id)));
    table.rows.push_back(std::move(row));
  }
  table.notes = {
      "Idle: from the first begin to the last end of the attempt, less busy. Tail: from the "
      "process's last end to "
      "the attempt's. Work that another attempt's commit replaced, loading and reducing are not in "
      "it."};
  return table;
}

Table failures_table(const TableInput& input) {
  Table table;
  table.tag = "failures";
  table.title = "Units that did not end in ok";
  table.verdict = input.verdict;
  table.caption =
      "Samples that failed for one variant are left out of all; infeasible variants are empty "
      "cells.";
  table.columns = {{"split", "Split", Unit::text},     {"image", "Image", Unit::text},
                   {"variant", "Variant", Unit::text}, {"pass", "Pass", Unit::text},
                   {"status", "Status", Unit::text},   {"message", "Message", Unit::text}};
  for (const Failure& failure : input.run.failures) {
    const results::Unit& unit = input.run.units[failure.unit];
    const std::string id = fmt::format("unit/{}", failure.unit);
    Row row;
    const auto add = [&](const char* tag, std::string text) {
      row.cells.push_back(text_cell(fmt::format("{}/{}", id, tag), std::move(text)));
    };
    add("split", input.run.splits[static_cast<std::size_t>(unit.split)]);
    add("image", fmt::format("{}", unit.image_id));
    add("variant", input.run.variants[static_cast<std::size_t>(unit.variant)].id +
                       (unit.seed > 0 ? fmt::format(" seed {}", unit.seed) : ""));
    add("pass", std::string(store::name_of(unit.pass)));
    add("status", std::string(store::name_of(unit.status)));
    add("message", failure.message);
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace litebench::analysis
