#include "analysis/rows/pairing.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace litebench::analysis {
namespace {

using VariantSeed = std::pair<std::int16_t, std::int16_t>;

/// Per split and protocol: which variants, with which seeds, have accuracy units at all.
using Expected = std::map<std::pair<std::int8_t, std::int16_t>, std::set<VariantSeed>>;

Expected expected_units(const Run& run, Pairing& pairing) {
  Expected expected;
  for (const results::Unit& unit : run.units) {
    if (unit.pass != store::Pass::accuracy) continue;
    expected[{unit.split, unit.protocol}].emplace(unit.variant, unit.seed);
    if (unit.status == store::Status::infeasible) {
      pairing.infeasible.emplace(unit.split, unit.protocol, unit.variant);
    }
  }
  for (auto& [where, variants] : expected) {
    std::erase_if(variants, [&](const VariantSeed& v) {
      return pairing.infeasible.contains({where.first, where.second, v.first});
    });
  }
  return expected;
}

/// Expression rows per sample, variant and seed, in the order of the rows.
struct Answered {
  std::uint64_t sample_id;
  VariantSeed who;
  std::int32_t turns;
};

std::vector<Answered> answered_turns(const Run& run) {
  std::vector<Answered> answered;
  for (const results::Expression& e : run.expressions) {
    if (e.status != store::Status::ok) continue;
    const VariantSeed who{e.variant, e.seed};
    if (answered.empty() || answered.back().sample_id != e.sample_id ||
        answered.back().who != who) {
      answered.push_back({e.sample_id, who, 0});
    }
    ++answered.back().turns;
  }
  return answered;
}

/// Walks the sorted tables side by side, one sample at a time.
class Pairer {
 public:
  Pairer(const Run& run, Pairing& pairing)
      : run_(run),
        pairing_(pairing),
        expected_(expected_units(run, pairing)),
        answered_(answered_turns(run)) {}

  void pair() {
    pairing_.paired.assign(run_.samples.size(), 0);
    for (std::size_t s = 0; s < run_.samples.size(); ++s) {
      const bool has_units = collect(run_.samples[s]);
      if (!has_units) continue;
      const std::optional<Exclusion> reason = reason_against(s);
      pairing_.paired[s] = reason ? 0 : 1;
      if (!reason) continue;
      const bool deterministic = reason->status == store::Status::failed_decode ||
                                 reason->status == store::Status::failed_sample;
      (deterministic ? pairing_.excluded : pairing_.unfinished).push_back(*reason);
    }
  }

 private:
  /// Status of every accuracy unit of the sample. False when it has none.
  bool collect(const results::Sample& sample) {
    statuses_.clear();
    for (; unit_ < run_.units.size() && run_.units[unit_].sample_id == sample.sample_id; ++unit_) {
      const results::Unit& unit = run_.units[unit_];
      if (unit.pass == store::Pass::accuracy) statuses_[{unit.variant, unit.seed}] = unit.status;
    }
    turns_.clear();
    for (; turn_ < answered_.size() && answered_[turn_].sample_id == sample.sample_id; ++turn_) {
      turns_[answered_[turn_].who] = answered_[turn_].turns;
    }
    return !statuses_.empty();
  }

  /// The first variant that lacks an answer; a failure that will repeat goes before one that may
  /// not.
  std::optional<Exclusion> reason_against(std::size_t s) const {
    const results::Sample& sample = run_.samples[s];
    std::optional<Exclusion> transient;
    for (const VariantSeed& who : expected_.at({sample.split, sample.protocol})) {
      const auto found = statuses_.find(who);
      store::Status status = found == statuses_.end() ? store::Status::lost : found->second;
      const auto turns = turns_.find(who);
      const std::int32_t answered = turns == turns_.end() ? 0 : turns->second;
      if (status == store::Status::ok && answered != sample.turns) status = store::Status::lost;
      if (status == store::Status::ok) continue;
      const Exclusion reason{s, who.first, who.second, status};
      if (!store::is_transient(status)) return reason;
      if (!transient) transient = reason;
    }
    return transient;
  }

  const Run& run_;
  Pairing& pairing_;
  Expected expected_;
  std::vector<Answered> answered_;
  std::size_t unit_ = 0, turn_ = 0;
  std::map<VariantSeed, store::Status> statuses_;
  std::map<VariantSeed, std::int32_t> turns_;
};

}  // namespace

Pairing pair_samples(const Run& run) {
  Pairing pairing;
  Pairer(run, pairing).pair();
  return pairing;
}

}  // namespace litebench::analysis
