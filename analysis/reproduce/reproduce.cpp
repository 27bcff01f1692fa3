#include "analysis/reproduce/reproduce.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "analysis/metrics/summary.hpp"
#include "analysis/rows/pairing.hpp"

namespace litebench::analysis {
namespace {

/// What upstream's protocol is, but for its seed (upstream.md §10).
constexpr std::pair<const char*, const char*> kReference[] = {
    {"sampling", "sampled3"}, {"turns", "upto3"}, {"template", "random"}, {"answer", "random"},
    {"simtext", "question"},  {"sim", "dot"},     {"gt", "sum"},          {"eps", "upstream"}};

std::vector<std::size_t> reference_protocols(const Run& run, std::string& why_not) {
  std::vector<std::size_t> found;
  for (std::size_t p = 0; p < run.protocols.size(); ++p) {
    const auto options = nlohmann::json::parse(run.protocols[p], nullptr, false);
    const auto other = std::ranges::find_if(kReference, [&](const auto& wanted) {
      return !options.is_object() || options.value(wanted.first, "") != wanted.second;
    });
    if (other == std::end(kReference)) {
      found.push_back(p);
    } else if (why_not.empty()) {
      why_not = fmt::format("protocol {} has {} other than {}", p, other->first, other->second);
    }
  }
  return found;
}

struct Found {
  std::int64_t within = 0, missed = 0, lacking = 0;
};

class Gatekeeper {
 public:
  Gatekeeper(const Run& run, const Published& published, const Gate& gate)
      : run_(run),
        published_(published),
        gate_(gate),
        protocols_(reference_protocols(run, why_not_)),
        summary_(summarise(run, pair_samples(run), {})) {}

  Reproduction judge() {
    describe();
    for (const PublishedRow& row : published_.rows) add(row);
    Reproduction result;
    const std::string counts =
        fmt::format("{} numbers within the gate, {} outside, {} not measured", counts_.within,
                    counts_.missed, counts_.lacking);
    const bool seeds = std::ssize(protocols_) >= gate_.seeds;
    if (counts_.missed > 0) {
      result.line = "NOT REPRODUCED: " + counts;
      result.code = ExitCode::worse;
    } else if (counts_.lacking > 0 || !seeds) {
      result.line =
          fmt::format("UNDECIDED: {}; {} of {} protocol seeds{}", counts, protocols_.size(),
                      gate_.seeds, why_not_.empty() ? "" : " (" + why_not_ + ")");
      result.code = ExitCode::incomplete;
    } else {
      result.line = "REPRODUCED: " + counts;
    }
    table_.verdict = result.line;
    result.table = std::move(table_);
    return result;
  }

 private:
  void describe() {
    table_.tag = "reproduction";
    table_.title = fmt::format("Measured − published cIoU: {}", published_.title);
    table_.caption = fmt::format(
        "Percentage points, mean over {} protocol seed{}. Gate: ±{:.1f} for none, ±{:.1f} for the "
        "others. ! marks a "
        "miss, — a number that was not measured.",
        protocols_.size(), protocols_.size() == 1 ? "" : "s", 100 * gate_.unpruned,
        100 * gate_.pruned);
    table_.columns = {{"method", "Method", Unit::text}, {"tokens", "Tokens", Unit::text}};
    for (const std::string& split : published_.splits)
      table_.columns.push_back({split, split, Unit::text});
    table_.notes = {fmt::format("Published: {}, {}. {}.", published_.status, published_.source,
                                published_.note)};
  }

  /// Mean over the protocols that differ in their seed; nothing when one lacks it.
  [[nodiscard]] std::optional<double> measured(const std::string& variant,
                                               const std::string& split) const {
    const auto v = std::ranges::find(run_.variants, variant, &Variant::id);
    const auto s = std::ranges::find(run_.splits, split);
    if (v == run_.variants.end() || s == run_.splits.end() || protocols_.empty())
      return std::nullopt;
    double sum = 0;
    for (const std::size_t p : protocols_) {
      const std::optional<double> ciou =
          summary_
              .accuracy_of(p, static_cast<std::size_t>(s - run_.splits.begin()),
                           static_cast<std::size_t>(v - run_.variants.begin()))
              .ciou;
      if (!ciou) return std::nullopt;
      sum += *ciou;
    }
    return sum / static_cast<double>(protocols_.size());
  }

  void add(const PublishedRow& published) {
    const double allowed = published.variant == "none" ? gate_.unpruned : gate_.pruned;
    const std::size_t budget = published.variant.find('@');
    Row row;
    row.cells.push_back(text_cell(published.variant + "/method", published.method));
    row.cells.push_back(
        text_cell(published.variant + "/tokens",
                  budget == std::string::npos ? "" : published.variant.substr(budget + 1)));
    for (std::size_t i = 0; i < published_.splits.size(); ++i) {
      const std::optional<double> own = measured(published.variant, published_.splits[i]);
      std::string text = "—";
      if (own) {
        // Half a unit of the last printed digit: published numbers are rounded to 0.1.
        const bool within = std::abs(*own - published.ciou[i]) <= allowed + 0.0005;
        text = fmt::format("{:+.2f}{}", 100 * (*own - published.ciou[i]), within ? "" : " !");
        ++(within ? counts_.within : counts_.missed);
      } else {
        ++counts_.lacking;
      }
      row.cells.push_back(
          text_cell(fmt::format("{}/{}", published.variant, published_.splits[i]), text));
    }
    table_.rows.push_back(std::move(row));
  }

  const Run& run_;
  const Published& published_;
  const Gate& gate_;
  std::string why_not_;
  std::vector<std::size_t> protocols_;
  Summary summary_;
  Table table_;
  Found counts_;
};

}  // namespace

Reproduction reproduce(const Run& run, const Published& published, const Gate& gate) {
  return Gatekeeper(run, published, gate).judge();
}

}  // namespace litebench::analysis
