#include "analysis/audit/compare.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/core.h>

#include "analysis/metrics/cold_starts.hpp"
#include "analysis/statistics/draws.hpp"
#include "analysis/statistics/interval.hpp"
#include "analysis/statistics/sampled.hpp"

namespace litebench::analysis::audit {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// Σ per image of what A and B have in common: column 0 and 1 of A (numerator, denominator), 2 and 3 of B.
using ImageSums = std::map<std::uint64_t, std::array<double, 4>>;

constexpr std::size_t kLeastImages = 10;  // resampling fewer says little about all images

/// A statistic of both, and the difference or ratio with its interval.
struct Effect {
  double a = 0, b = 0, effect = 0;
  std::optional<Interval> interval;
  std::size_t images = 0;
};

std::optional<Effect> effect_of(const ImageSums& sums, const CompareOptions& options, bool ratio) {
  ResampledTable resampled;
  resampled.table.columns = 4;
  for (const auto& [image, values] : sums) {
    resampled.places.push_back(resampled.table.clusters.size());
    resampled.table.clusters.push_back(image);
    resampled.table.values.insert(resampled.table.values.end(), values.begin(), values.end());
  }
  resampled.all_clusters = sums.size();
  resampled.draws = options.draws;
  DrawOptions draws;
  draws.draws = options.draws;
  resampled.sums = weighted_sums(resampled.table, Scheme::poisson, draws);
  const std::optional<Sampled> a = ratio_of_sums(resampled, 0, 1),
                               b = ratio_of_sums(resampled, 2, 3);
  if (!a || !b) return std::nullopt;
  const Sampled both =
      combine(*a, *b, [ratio](double x, double y) { return ratio ? y / x : y - x; });
  Effect effect{a->estimate, b->estimate, both.estimate, std::nullopt, sums.size()};
  if (sums.size() >= kLeastImages) effect.interval = interval_of(both, {});
  return effect;
}

/// An expression by what it is.
using ExpressionKey = std::tuple<std::uint64_t, std::int8_t, std::int16_t>;  // sample, turn, seed
using Answers = std::map<ExpressionKey, const results::Expression*>;
using SplitVariant = std::pair<std::string, std::string>;  // split, variant

std::map<SplitVariant, Answers> answers_of(const Run& run) {
  std::map<SplitVariant, Answers> answers;
  for (const results::Expression& e : run.expressions) {
    if (e.status == store::Status::ok)
      answers[{run.splits[at(e.split)], run.variants[at(e.variant)].id}]
             [{e.sample_id, e.turn, e.seed}] = &e;
  }
  return answers;
}

Compared compare_masks(const SplitVariant& place, const Answers& a, const Answers& b,
                       const CompareOptions& options) {
  Compared part;
  part.what = fmt::format("cIoU {} {}", place.first, place.second);
  ImageSums sums;
  std::int64_t different = 0;
  for (const auto& [key, mine] : a) {
    const auto other = b.find(key);
    if (other == b.end()) {
      ++part.only_a;
      continue;
    }
    ++part.pairs;
    const results::Expression& theirs = *other->second;
    if (mine->mask_hash != theirs.mask_hash || mine->intersection != theirs.intersection ||
        mine->union_ != theirs.union_)
      ++different;
    std::array<double, 4>& sum = sums[static_cast<std::uint64_t>(mine->image_id)];
    sum[0] += static_cast<double>(mine->intersection);
    sum[1] += static_cast<double>(mine->union_);
    sum[2] += static_cast<double>(theirs.intersection);
    sum[3] += static_cast<double>(theirs.union_);
  }
  part.only_b = std::ssize(b) - part.pairs;
  if (part.pairs == 0) {
    part.change = Change::ambiguous;
    part.reason = "no expression in common (another protocol, seed or data?)";
    return part;
  }
  if (different == 0) {
    part.reason = fmt::format("all {} masks equal", part.pairs);
    return part;
  }
  const std::optional<Effect> effect = effect_of(sums, options, false);
  const std::string masks = fmt::format("{} of {} masks differ", different, part.pairs);
  if (!effect || !effect->interval) {
    const double moved = effect ? 100 * effect->effect : 0;
    const bool equal = effect && options.margin == 0 && effect->effect == 0;
    part.change = equal ? Change::same : Change::ambiguous;
    part.reason = fmt::format("{}, {:+.2f} points; {} images are too few for an interval", masks,
                              moved, sums.size());
    return part;
  }
  const auto [low, high] = *effect->interval;
  part.reason = fmt::format("{}; {:.2f} → {:.2f}, {:+.2f} points [{:+.2f}, {:+.2f}], {} images",
                            masks, 100 * effect->a, 100 * effect->b, 100 * effect->effect,
                            100 * low, 100 * high, effect->images);
  if (low > -options.margin && high < options.margin) {
    part.change = Change::same;
  } else if (low > 0) {
    part.change = Change::better;
  } else if (high < 0) {
    part.change = Change::worse;
  } else {
    part.change = Change::ambiguous;
  }
  return part;
}

using UnitKey = std::tuple<std::uint64_t, std::int16_t, std::int16_t>;  // sample, seed, repeat
using Times = std::map<UnitKey, const results::Unit*>;

std::map<std::string, Times> times_of(const Run& run) {
  std::map<std::string, Times> times;
  for (const results::Unit& unit : run.units) {
    if (unit.pass == store::Pass::latency && unit.status == store::Status::ok && unit.total_ns > 0)
      times[run.variants[at(unit.variant)].id].try_emplace({unit.sample_id, unit.seed, unit.repeat},
                                                           &unit);
  }
  return times;
}

Compared compare_times(const std::string& variant, const Times& a, const Times& b,
                       const CompareOptions& options) {
  Compared part;
  part.what = fmt::format("time {}", variant);
  struct Repeats {
    std::uint64_t image = 0;
    double a = 0, b = 0, pairs = 0;
  };
  std::map<std::uint64_t, Repeats> samples;  // each counts once, however often it was repeated
  for (const auto& [key, mine] : a) {
    const auto other = b.find(key);
    if (other == b.end()) {
      ++part.only_a;
      continue;
    }
    ++part.pairs;
    Repeats& sample = samples[mine->sample_id];
    sample.image = static_cast<std::uint64_t>(mine->image_id);
    sample.a += static_cast<double>(mine->total_ns);
    sample.b += static_cast<double>(other->second->total_ns);
    sample.pairs += 1;
  }
  ImageSums sums;
  for (const auto& [id, sample] : samples) {
    std::array<double, 4>& sum = sums[sample.image];
    sum[0] += sample.a / sample.pairs;
    sum[1] += 1;
    sum[2] += sample.b / sample.pairs;
    sum[3] += 1;
  }
  part.only_b = std::ssize(b) - part.pairs;
  const std::optional<Effect> effect =
      part.pairs > 0 ? effect_of(sums, options, true) : std::nullopt;
  if (!effect) {
    part.change = Change::ambiguous;
    part.reason = "no timed unit in common";
    return part;
  }
  part.reason =
      fmt::format("{:.2f} → {:.2f} ms, ×{:.3f}", effect->a / 1e6, effect->b / 1e6, effect->effect);
  if (!effect->interval) {
    part.change = Change::ambiguous;
    part.reason += fmt::format("; {} images are too few for an interval", effect->images);
    return part;
  }
  const auto [low, high] = *effect->interval;
  part.reason += fmt::format(" [{:.3f}, {:.3f}], {} images", low, high, effect->images);
  if (low > 1 - options.time_margin && high < 1 + options.time_margin) {
    part.change = Change::same;
  } else if (high < 1) {
    part.change = Change::better;
  } else if (low > 1) {
    part.change = Change::worse;
  } else {
    part.change = Change::ambiguous;
  }
  return part;
}

/// Only one of the two runs has it: nothing can be said.
Compared only_in(std::string what, std::string_view which, std::int64_t rows) {
  Compared part;
  part.what = std::move(what);
  part.change = Change::ambiguous;
  part.reason = fmt::format("only {} has it", which);
  (which == "A" ? part.only_a : part.only_b) = rows;
  return part;
}

std::vector<std::string> settings_that_differ(const Run& a, const Run& b) {
  std::vector<std::string> out;
  if (a.processes.empty() || b.processes.empty()) return out;
  const Process &mine = a.processes.front(), &theirs = b.processes.front();
  if (mine.family != theirs.family)
    out.emplace_back(
        "they are not of one family (weights, data, dtype, device kind, threads or numeric "
        "version)");
  for (const auto& [key, value] : mine.environment) {
    if (key == kLoadSeconds) continue;  // measured, not told
    const auto other =
        std::ranges::find(theirs.environment, key, &std::pair<std::string, std::string>::first);
    if (other != theirs.environment.end() && other->second != value)
      out.push_back(fmt::format("{}: {} against {}", key, value, other->second));
  }
  for (const std::string& protocol : a.protocols) {
    if (std::ranges::find(b.protocols, protocol) == b.protocols.end())
      out.push_back(fmt::format("protocol only in A: {}", protocol));
  }
  return out;
}

}  // namespace

std::string_view name_of(Change change) {
  switch (change) {
    case Change::same: return "SAME";
    case Change::better: return "BETTER";
    case Change::ambiguous: return "AMBIGUOUS";
    default: return "WORSE";
  }
}

ExitCode exit_code(Change change) {
  if (change == Change::worse) return ExitCode::worse;
  return change == Change::ambiguous ? ExitCode::ambiguous : ExitCode::complete;
}

ComparisonReport compare(const Run& a, const Run& b, const CompareOptions& options) {
  ComparisonReport report;
  const auto merge = [&](const auto& mine, const auto& theirs, auto both, auto name) {
    for (const auto& [key, rows] : mine) {
      const auto other = theirs.find(key);
      report.parts.push_back(other == theirs.end() ? only_in(name(key), "A", std::ssize(rows))
                                                   : both(key, rows, other->second, options));
    }
    for (const auto& [key, rows] : theirs) {
      if (!mine.contains(key)) report.parts.push_back(only_in(name(key), "B", std::ssize(rows)));
    }
  };
  merge(answers_of(a), answers_of(b), compare_masks, [](const SplitVariant& place) {
    return fmt::format("cIoU {} {}", place.first, place.second);
  });
  if (options.times) {
    merge(times_of(a), times_of(b), compare_times,
          [](const std::string& variant) { return fmt::format("time {}", variant); });
  }
  for (const Compared& part : report.parts) report.change = std::max(report.change, part.change);
  if (report.parts.empty()) report.change = Change::ambiguous;
  report.settings = settings_that_differ(a, b);
  return report;
}

}  // namespace litebench::analysis::audit
