#include "analysis/audit/ledger.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

namespace litebench::analysis::audit {
namespace {

const std::vector<std::size_t> kNone;

struct Answer {
  store::Status status = store::Status::lost;
  std::int32_t answered = 0;
};

}  // namespace

Ledger::Ledger(const Run& run) : run_(run) {
  find_expected();
  judge_samples();
  collect();
}

void Ledger::find_expected() {
  for (const results::Unit& unit : run_.units) {
    if (unit.pass != store::Pass::accuracy) continue;
    if (unit.status == store::Status::infeasible)
      infeasible_.insert({unit.split, unit.protocol, unit.variant});
    expected_[{unit.split, unit.protocol}].insert({unit.variant, unit.seed});
  }
  for (std::size_t i = 0; i < run_.samples.size(); ++i) {
    const results::Sample& sample = run_.samples[i];
    sample_at_[sample.sample_id] = i;
    ++samples_in_[{sample.split, sample.protocol}];
  }
}

void Ledger::judge_samples() {
  std::unordered_map<std::uint64_t, std::map<std::pair<std::int16_t, std::int16_t>, Answer>>
      answers;
  for (const results::Unit& unit : run_.units) {
    if (unit.pass == store::Pass::accuracy)
      answers[unit.sample_id][{unit.variant, unit.seed}].status = unit.status;
  }
  for (const results::Expression& e : run_.expressions) {
    if (e.status == store::Status::ok) ++answers[e.sample_id][{e.variant, e.seed}].answered;
  }
  for (const results::Sample& sample : run_.samples) {
    std::string& reason = reason_[sample.sample_id];
    const auto given = answers.find(sample.sample_id);
    if (given == answers.end()) {
      reason = "no accuracy unit";
      continue;
    }
    for (const auto& who : expected_[{sample.split, sample.protocol}]) {
      if (infeasible_.contains({sample.split, sample.protocol, who.first})) continue;
      const auto found = given->second.find(who);
      const Answer answer = found == given->second.end() ? Answer{} : found->second;
      const bool whole = answer.status == store::Status::ok && answer.answered == sample.turns;
      if (whole) continue;
      const store::Status status =
          answer.status == store::Status::ok ? store::Status::lost : answer.status;
      reason = fmt::format("{} in {}", store::name_of(status),
                           run_.variants[static_cast<std::size_t>(who.first)].id);
      break;
    }
  }
}

void Ledger::collect() {
  for (std::size_t i = 0; i < run_.expressions.size(); ++i) {
    const results::Expression& e = run_.expressions[i];
    if (e.status != store::Status::ok || !reason_[e.sample_id].empty()) continue;
    if (infeasible_.contains({e.split, e.protocol, e.variant})) continue;
    rows_[{e.protocol, e.split, e.variant, e.seed}].push_back(i);
  }
  for (auto& [key, rows] : rows_) {
    std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(place(a).first, run_.expressions[a].turn) <
             std::pair(place(b).first, run_.expressions[b].turn);
    });
  }
}

std::vector<std::int16_t> Ledger::seeds(const Where& where) const {
  std::vector<std::int16_t> seeds;
  for (const auto& [key, rows] : rows_) {
    const auto& [protocol, split, variant, seed] = key;
    if (protocol == where.protocol && split == where.split && variant == where.variant)
      seeds.push_back(seed);
  }
  return seeds;
}

const std::vector<std::size_t>& Ledger::rows(const Where& where, std::int16_t seed) const {
  const auto found = rows_.find({where.protocol, where.split, where.variant, seed});
  return found == rows_.end() ? kNone : found->second;
}

std::pair<std::int64_t, std::int64_t> Ledger::place(std::size_t row) const {
  const results::Sample& sample = run_.samples[sample_at_.at(run_.expressions[row].sample_id)];
  return {sample.order, samples_in_.at({sample.split, sample.protocol})};
}

std::int64_t Ledger::visits(std::size_t row, std::int64_t ranks) const {
  const auto [position, samples] = place(row);
  const std::int64_t padded = (samples + ranks - 1) / ranks * ranks;
  return padded / samples + (position < padded % samples ? 1 : 0);
}

std::vector<std::string> Ledger::left_out(const Where& where) const {
  std::vector<std::string> out;
  for (const results::Sample& sample : run_.samples) {
    if (sample.protocol != where.protocol || (where.split >= 0 && sample.split != where.split))
      continue;
    const std::string& reason = reason_.at(sample.sample_id);
    if (!reason.empty() && reason != "no accuracy unit")
      out.push_back(
          fmt::format("image {} sample {} ({})", sample.image_id, sample.ordinal, reason));
  }
  return out;
}

bool Ledger::infeasible(const Where& where) const {
  return infeasible_.contains({where.split, where.protocol, where.variant});
}

std::vector<std::size_t> Ledger::units(const Where& where) const {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < run_.units.size(); ++i) {
    const results::Unit& unit = run_.units[i];
    if (unit.status == store::Status::ok && unit.protocol == where.protocol &&
        unit.variant == where.variant && (where.split < 0 || unit.split == where.split))
      rows.push_back(i);
  }
  return rows;
}

std::vector<Pair> Ledger::pairs(const Where& where, std::int16_t baseline) const {
  std::map<std::tuple<std::uint64_t, std::int32_t, std::int16_t>, std::size_t> partners;
  std::set<std::uint64_t> failed;  // for one variant: left out of all
  for (const results::Unit& unit : run_.units) {
    if (unit.pass == store::Pass::latency && unit.status != store::Status::ok &&
        unit.status != store::Status::infeasible)
      failed.insert(unit.sample_id);
  }
  const auto timed = [&](const results::Unit& unit) {
    return unit.pass == store::Pass::latency && unit.status == store::Status::ok &&
           unit.protocol == where.protocol && (where.split < 0 || unit.split == where.split) &&
           !failed.contains(unit.sample_id);
  };
  for (std::size_t i = 0; i < run_.units.size(); ++i) {
    const results::Unit& unit = run_.units[i];
    if (timed(unit) && unit.variant == baseline)
      partners.try_emplace({unit.sample_id, unit.attempt, unit.repeat}, i);
  }
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < run_.units.size(); ++i) {
    const results::Unit& unit = run_.units[i];
    if (!timed(unit) || unit.variant != where.variant) continue;
    const auto partner = partners.find({unit.sample_id, unit.attempt, unit.repeat});
    if (partner != partners.end()) pairs.push_back({i, partner->second});
  }
  return pairs;
}

}  // namespace litebench::analysis::audit
