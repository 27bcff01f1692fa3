#include "analysis/audit/recompute.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "analysis/audit/cold.hpp"
#include "analysis/audit/masks.hpp"
#include "analysis/audit/processes.hpp"
#include "analysis/audit/times.hpp"
#include "analysis/metrics/slices.hpp"

namespace litebench::analysis::audit {
namespace {

std::int16_t index_of_variant(const Run& run, const std::string& id) {
  for (std::size_t i = 0; i < run.variants.size(); ++i) {
    if (run.variants[i].id == id) return static_cast<std::int16_t>(i);
  }
  return -1;
}

std::int16_t index_of_split(const Run& run, const std::string& name) {
  const auto found = std::find(run.splits.begin(), run.splits.end(), name);
  return found == run.splits.end() ? std::int16_t{-1}
                                   : static_cast<std::int16_t>(found - run.splits.begin());
}

/// The class of each row of /expressions. Which class a sentence is of is no number: the tables' own slicing says it.
std::vector<std::string> classes_of(const Run& run, const std::string& slicing) {
  const Slicing slices = slice_by(run, slicing);
  std::map<std::pair<std::uint64_t, std::int8_t>, std::int32_t> of_sentence;
  for (std::size_t i = 0; i < run.sentences.size(); ++i)
    of_sentence[{run.sentences[i].sample_id, run.sentences[i].turn}] = slices.of_sentence[i];
  std::vector<std::string> classes(run.expressions.size());
  for (std::size_t row = 0; row < run.expressions.size(); ++row) {
    const auto found =
        of_sentence.find({run.expressions[row].sample_id, run.expressions[row].turn});
    if (found != of_sentence.end() && found->second >= 0)
      classes[row] = slices.classes[static_cast<std::size_t>(found->second)];
  }
  return classes;
}

/// What the draws give, and no row by itself.
std::string formula_of_draws(const std::string& metric) {
  if (metric == "p")
    return "p = (1 + sign patterns of images with at least the observed |sum|) / (1 + draws)";
  if (metric == "adjusted_p")
    return "adjusted_p = p corrected over all comparisons with the same kind of opponent";
  if (metric == "detectable")
    return "detectable = (t(1 − alpha / 2) + t(power)) × standard error of the paired difference";
  if (metric == "equivalence_p")
    return "equivalence_p = the larger p of two one-sided t tests against ± margin";
  return fmt::format("{} has no second path", metric);
}

/// One question, answered step by step.
class Inquiry {
 public:
  Inquiry(const Ledger& ledger, const Counting& counting, const Claim& claim,
          const std::vector<std::string>& classes)
      : ledger_(ledger),
        counting_(counting),
        claim_(claim),
        classes_(classes),
        protocol_(std::max<std::int16_t>(claim.protocol, 0)) {}

  Evidence answer() {
    if (is_unit_metric(claim_.metric)) return unit_answer();
    if (is_cold_metric(claim_.metric))
      return cold_evidence(ledger_, claim_.metric, where(claim_.variants.at(0), ""));
    evidence_.table = "expressions";
    if (!claim_.slice.empty()) {
      slice_answer();
    } else if (is_mask_metric(claim_.metric)) {
      mask_answer(claim_.metric);
    } else if (claim_.metric == "retention" || claim_.metric == "ciou_delta") {
      comparison();
    } else if (claim_.metric == "expressions" || claim_.metric == "seeds") {
      count();
    } else {
      evidence_.formula = formula_of_draws(claim_.metric);
      drawn_from();
    }
    std::sort(evidence_.rows.begin(), evidence_.rows.end());
    return std::move(evidence_);
  }

 private:
  [[nodiscard]] Where where(const std::string& variant, const std::string& split) const {
    return {protocol_, index_of_split(ledger_.run(), split),
            index_of_variant(ledger_.run(), variant)};
  }
  [[nodiscard]] bool upstream() const {
    return upstream_epsilons(ledger_.run().protocols[static_cast<std::size_t>(protocol_)]);
  }

  Evidence unit_answer() {
    const std::string& own = claim_.variants.at(0);
    Where place = where(own, "");
    if (claim_.splits.size() == 1) place.split = index_of_split(ledger_.run(), claim_.splits[0]);
    const std::int16_t baseline =
        claim_.variants.size() > 1 ? index_of_variant(ledger_.run(), claim_.variants[1]) : -1;
    return unit_evidence(ledger_, claim_.metric, place, baseline);
  }

  /// Mean over the seeds; nothing when one of them has no value.
  std::optional<double> split_value(const std::string& metric, const std::string& variant,
                                    const std::string& split) {
    const Where place = where(variant, split);
    const std::string name = fmt::format("{} {}", variant, split);
    const std::vector<std::int16_t> seeds = ledger_.seeds(place);
    if (seeds.empty()) {
      evidence_.steps.push_back(fmt::format(
          "{}: {}", name, ledger_.infeasible(place) ? "infeasible" : "no complete sample"));
      return std::nullopt;
    }
    for (const std::string& sample : ledger_.left_out(place)) {
      const std::string line = split + " " + sample;
      if (std::ranges::find(evidence_.left_out, line) == evidence_.left_out.end())
        evidence_.left_out.push_back(line);
    }
    double sum = 0;
    bool whole = true;
    for (const std::int16_t seed : seeds) {
      const std::vector<std::size_t>& rows = ledger_.rows(place, seed);
      const SeedValue value = seed_value(ledger_, metric, rows, upstream(), counting_);
      evidence_.rows.insert(evidence_.rows.end(), rows.begin(), rows.end());
      evidence_.steps.push_back(seeds.size() > 1
                                    ? fmt::format("{} seed {}: {}", name, seed, value.step)
                                    : fmt::format("{}: {}", name, value.step));
      whole = whole && value.value.has_value();
      sum += value.value.value_or(0);
    }
    if (!whole) return std::nullopt;
    const double mean = sum / static_cast<double>(seeds.size());
    if (seeds.size() > 1)
      evidence_.steps.push_back(
          fmt::format("{}: mean of {} seeds = {:.6f}", name, seeds.size(), mean));
    return mean;
  }

  /// Mean over the claim's splits; nothing when one is missing.
  std::optional<double> average(const std::string& metric, const std::string& variant) {
    double sum = 0;
    bool whole = !claim_.splits.empty();
    for (const std::string& split : claim_.splits) {
      const std::optional<double> value = split_value(metric, variant, split);
      whole = whole && value.has_value();
      sum += value.value_or(0);
    }
    if (!whole) return std::nullopt;
    const double mean = sum / static_cast<double>(claim_.splits.size());
    if (claim_.splits.size() > 1) {
      evidence_.steps.push_back(
          fmt::format("{}: mean of {} splits = {:.6f}", variant, claim_.splits.size(), mean));
    }
    return mean;
  }

  void mask_answer(const std::string& metric) {
    evidence_.known = true;
    evidence_.formula = formula_of_mask_metric(metric, upstream(), counting_.f32);
    evidence_.value = average(metric, claim_.variants.at(0));
  }

  void comparison() {
    if (claim_.variants.size() < 2) return;
    evidence_.known = true;
    const bool ratio = claim_.metric == "retention";
    evidence_.formula = fmt::format("{} = average cIoU of {} {} that of {}; {}", claim_.metric,
                                    claim_.variants[0], ratio ? "/" : "−", claim_.variants[1],
                                    formula_of_mask_metric("ciou", upstream(), counting_.f32));
    const std::optional<double> own = average("ciou", claim_.variants[0]);
    const std::optional<double> other = average("ciou", claim_.variants[1]);
    if (!own || !other || (ratio && *other <= 0)) return;
    evidence_.value = ratio ? *own / *other : *own - *other;
    evidence_.steps.push_back(fmt::format("{:.6f} {} {:.6f} = {:.6f}", *own, ratio ? "/" : "−",
                                          *other, *evidence_.value));
  }

  /// The expressions of one class over all splits together: cIoU per seed, then their mean.
  void slice_answer() {
    if (claim_.metric != "ciou" && claim_.metric != "expressions") {
      evidence_.formula = fmt::format("{} by slices has no second path", claim_.metric);
      return;
    }
    evidence_.known = true;
    const std::string wanted = claim_.slice.substr(claim_.slice.find('=') + 1);
    evidence_.formula = fmt::format("{} over expressions whose {}, all splits together",
                                    claim_.metric, claim_.slice);
    std::map<std::int16_t, std::vector<std::size_t>> rows;  // by seed
    for (const std::string& split : claim_.splits) {
      const Where place = where(claim_.variants.at(0), split);
      for (const std::int16_t seed : ledger_.seeds(place)) {
        for (const std::size_t row : ledger_.rows(place, seed)) {
          if (classes_[row] == wanted) rows[seed].push_back(row);
        }
      }
    }
    double sum = 0, expressions = 0;
    bool whole = !rows.empty();
    for (const auto& [seed, own] : rows) {
      evidence_.rows.insert(evidence_.rows.end(), own.begin(), own.end());
      const SeedValue value =
          seed_value(ledger_, "ciou", own, upstream(), {false, counting_.padded_ranks});
      evidence_.steps.push_back(fmt::format("seed {}: {}", seed, value.step));
      const bool any = std::ranges::any_of(
          own, [&](std::size_t row) { return ledger_.run().expressions[row].union_ > 0; });
      whole = whole && value.value && any;
      sum += value.value.value_or(0);
      expressions = 0;
      for (const std::size_t row : own)
        expressions += static_cast<double>(ledger_.visits(row, counting_.padded_ranks));
    }
    if (claim_.metric == "expressions") {
      evidence_.value = expressions;
    } else if (whole) {
      evidence_.value = sum / static_cast<double>(rows.size());
    }
  }

  /// The rows that both variants of a comparison have.
  void drawn_from() {
    for (const std::string& variant : claim_.variants) {
      for (const std::string& split : claim_.splits) split_value("ciou", variant, split);
    }
  }

  void count() {
    evidence_.known = true;
    evidence_.formula =
        claim_.metric == "seeds" ? "seeds with rows that count" : "rows that count, of one seed";
    double most = 0;
    for (const std::string& split : claim_.splits) {
      const Where place = where(claim_.variants.at(0), split);
      const std::vector<std::int16_t> seeds = ledger_.seeds(place);
      std::int64_t expressions = 0;
      for (const std::int16_t seed : seeds) {
        const std::vector<std::size_t>& rows = ledger_.rows(place, seed);
        expressions = 0;
        for (const std::size_t row : rows)
          expressions += ledger_.visits(row, counting_.padded_ranks);
        evidence_.rows.insert(evidence_.rows.end(), rows.begin(), rows.end());
      }
      most += claim_.metric == "seeds" ? static_cast<double>(seeds.size())
                                       : static_cast<double>(expressions);
    }
    evidence_.value = most;
  }

  const Ledger& ledger_;
  const Counting& counting_;
  const Claim& claim_;
  const std::vector<std::string>& classes_;
  std::int16_t protocol_;
  Evidence evidence_;
};

}  // namespace

Evidence Recomputer::of(const Claim& claim) {
  if (is_process_metric(claim.metric))
    return process_evidence(ledger_.run(), claim.metric, claim.subject);
  if (claim.variants.empty()) {
    Evidence label;
    label.formula = "a label";
    return label;
  }
  const std::string slicing = claim.slice.substr(0, claim.slice.find('='));
  std::vector<std::string>& classes = classes_[slicing];
  if (!slicing.empty() && classes.empty()) classes = classes_of(ledger_.run(), slicing);
  return Inquiry(ledger_, counting_, claim, classes).answer();
}

}  // namespace litebench::analysis::audit
