#include "analysis/audit/masks.hpp"

#include <map>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "analysis/audit/conventions.hpp"

namespace litebench::analysis::audit {
namespace {

struct Counted {
  std::int64_t intersection, union_, weight;
  std::int64_t predicted, target;
};

std::vector<Counted> rows_of(const Ledger& ledger, const std::vector<std::size_t>& rows,
                             std::int64_t ranks) {
  std::vector<Counted> out;
  for (const std::size_t row : rows) {
    const results::Expression& e = ledger.run().expressions[row];
    out.push_back({e.intersection, e.union_, ledger.visits(row, ranks), e.predicted_area,
                   e.target_area + e.overlap_area});
  }
  return out;
}

SeedValue exact_ciou(const std::vector<Counted>& rows, bool upstream) {
  std::int64_t hit = 0, all = 0, count = 0;
  for (const Counted& row : rows) {
    hit += row.weight * row.intersection;
    all += row.weight * row.union_;
    count += row.weight;
  }
  if (all == 0 && !upstream) return {std::nullopt, "all unions are empty"};
  const double value =
      static_cast<double>(hit) / (static_cast<double>(all) + (upstream ? 1e-10 : 0));
  return {value,
          fmt::format("ΣI = {}, ΣU = {} over {} expressions → {:.6f}", hit, all, count, value)};
}

SeedValue exact_giou(const std::vector<Counted>& rows, bool upstream) {
  double sum = 0;
  std::int64_t count = 0;
  for (const Counted& row : rows) {
    const auto all = static_cast<double>(row.union_);
    const double iou = row.union_ == 0
                           ? 1.0
                           : static_cast<double>(row.intersection) / (upstream ? all + 1e-5 : all);
    sum += static_cast<double>(row.weight) * iou;
    count += row.weight;
  }
  const double value = sum / (static_cast<double>(count) + (upstream ? 1e-5 : 0));
  return {value, fmt::format("Σ IoU = {:.6f} over {} expressions → {:.6f}", sum, count, value)};
}

SeedValue share(const std::vector<Counted>& rows, auto of, auto hit) {
  std::int64_t hits = 0, count = 0;
  for (const Counted& row : rows) {
    if (!of(row)) continue;
    count += row.weight;
    if (hit(row)) hits += row.weight;
  }
  if (count == 0) return {std::nullopt, "no such expression"};
  const double value = static_cast<double>(hits) / static_cast<double>(count);
  return {value, fmt::format("{} of {} expressions → {:.6f}", hits, count, value)};
}

/// The reference's float32 sums (upstream.md §7.2, §7.3): per rank, sample by sample, then over ranks.
SeedValue float32_value(const Ledger& ledger, std::string_view metric,
                        const std::vector<std::size_t>& rows, std::int64_t ranks) {
  struct Sample {
    float hit = 0, all = 0, iou = 0;
    std::int64_t masks = 0;
  };
  std::map<std::int64_t, Sample> samples;  // by place
  std::int64_t total = 0;
  for (const std::size_t row : rows) {
    const auto [place, count] = ledger.place(row);
    total = count;
    Sample& sample = samples[place];
    const results::Expression& e = ledger.run().expressions[row];
    const auto hit = static_cast<float>(e.intersection), all = static_cast<float>(e.union_);
    sample.hit += hit;
    sample.all += all;
    sample.iou += hit / (all + 1e-5F);
    if (e.union_ == 0) sample.iou += 1.0F;
    ++sample.masks;
  }
  if (samples.empty()) return {std::nullopt, "no expression"};
  float hit = 0, all = 0, iou = 0;
  std::int64_t masks = 0;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    float rank_hit = 0, rank_all = 0, rank_iou = 0;
    for (std::int64_t visit = rank; visit < (total + ranks - 1) / ranks * ranks; visit += ranks) {
      const auto found = samples.find(visit % total);
      if (found == samples.end()) continue;
      const auto count = static_cast<float>(found->second.masks);
      rank_hit += found->second.hit;
      rank_all += found->second.all;
      rank_iou += found->second.iou / count * count;
      masks += found->second.masks;
    }
    hit += rank_hit;
    all += rank_all;
    iou += rank_iou;
  }
  const float value = metric == "ciou"
                          ? hit / (all + 1e-10F)
                          : iou / static_cast<float>(static_cast<double>(masks) + 1e-5);
  return {value, fmt::format("float32 sums in evaluation order over {} expressions → {:.6f}", masks,
                             value)};
}

/// 5 for p50; 0 when the name is not of that form.
int tenths_of(std::string_view metric) {
  const bool precision = metric.size() == 3 && metric[0] == 'p' && metric[2] == '0' &&
                         metric[1] >= '5' && metric[1] <= '9';
  return precision ? metric[1] - '0' : 0;
}

}  // namespace

bool is_mask_metric(std::string_view metric) {
  return is_other_convention(metric) || metric == "ciou" || metric == "giou" || metric == "n_acc" ||
         metric == "t_acc" || tenths_of(metric) > 0;
}

std::string formula_of_mask_metric(std::string_view metric, bool upstream, bool f32) {
  if (is_other_convention(metric)) return formula_of_convention(metric);
  const std::string sums =
      f32 ? ", float32 sums in evaluation order as the reference has them" : "";
  if (metric == "ciou") return (upstream ? "cIoU = ΣI / (ΣU + 1e-10)" : "cIoU = ΣI / ΣU") + sums;
  if (metric == "giou") {
    return (upstream ? "gIoU = Σ IoU / (n + 1e-5), IoU = I / (U + 1e-5), 1 where U = 0"
                     : "gIoU = Σ IoU / n, IoU = I / U, 1 where U = 0") +
           sums;
  }
  if (metric == "n_acc")
    return "N-acc = expressions without target and prediction / without target";
  if (metric == "t_acc") return "T-acc = expressions with target and prediction / with target";
  return fmt::format("P@0.{0} = expressions with I / U >= 0.{0}, or U = 0 / all",
                     tenths_of(metric));
}

SeedValue seed_value(const Ledger& ledger, std::string_view metric,
                     const std::vector<std::size_t>& rows, bool upstream,
                     const Counting& counting) {
  if (rows.empty()) return {std::nullopt, "no expression counts"};
  if (metric == "ciou_upstream_f32") return float32_value(ledger, "ciou", rows, 1);
  if (metric == "giou_upstream_f32") return float32_value(ledger, "giou", rows, 1);
  if (is_other_convention(metric)) return convention_value(ledger, metric, rows);
  if (counting.f32 && upstream && (metric == "ciou" || metric == "giou"))
    return float32_value(ledger, metric, rows, counting.padded_ranks);
  const std::vector<Counted> counted = rows_of(ledger, rows, counting.padded_ranks);
  if (metric == "ciou") return exact_ciou(counted, upstream);
  if (metric == "giou") return exact_giou(counted, upstream);
  const auto always = [](const Counted&) { return true; };
  const auto empty = [](const Counted& row) { return row.target == 0; };
  if (metric == "n_acc")
    return share(counted, empty, [](const Counted& row) { return row.predicted == 0; });
  if (metric == "t_acc") {
    return share(
        counted, [&](const Counted& row) { return !empty(row); },
        [](const Counted& row) { return row.predicted > 0; });
  }
  const int tenths = tenths_of(metric);
  return share(counted, always, [&](const Counted& row) {
    return row.union_ == 0 || row.intersection * 10 >= row.union_ * tenths;
  });
}

bool upstream_epsilons(const std::string& protocol_json) {
  const auto options = nlohmann::json::parse(protocol_json, nullptr, false);
  return !options.is_object() || options.value("eps", "upstream") != "none";
}

}  // namespace litebench::analysis::audit
