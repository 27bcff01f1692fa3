#include "model/prune/ledger.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::prune {
namespace {

[[noreturn]] void refuse(std::string_view reason) {
  throw Error(ExitCode::data, "cannot build a sequence from these token ids", reason,
              "check the conversation and the tokenizer");
}

std::int64_t placeholder_of(std::span<const std::int64_t> ids) {
  const auto found = std::count(ids.begin(), ids.end(), kImagePlaceholder);
  if (found != 1) refuse(fmt::format("{} image placeholders instead of one", found));
  return std::find(ids.begin(), ids.end(), kImagePlaceholder) - ids.begin();
}

LedgerRow visual_row(std::int64_t source, float source_anchor) {
  LedgerRow row;
  const bool patch = source >= 1;  // source row 0 is CLS
  row.kind = patch ? RowKind::visual : RowKind::synthetic;
  row.origin = patch ? static_cast<std::int32_t>(source - 1) : -1;
  row.anchor = source_anchor - 1;
  return row;
}

}  // namespace

TokenLedger::TokenLedger(std::span<const std::int64_t> input_ids, const TokenPlan& plan,
                         const LedgerOptions& options)
    : options_(options), visual_begin_(placeholder_of(input_ids)), visual_count_(plan.size()) {
  assert(options_.position != unit::PositionPolicy::native);
  assert(plan.sources() == 1 + options_.patches);
  for (std::size_t i = 0; i < input_ids.size(); ++i) {
    if (input_ids[i] == kImagePlaceholder) {
      for (std::int64_t j = 0; j < plan.size(); ++j) {
        rows_.push_back(visual_row(plan.origins()[j], plan.anchors()[j]));
      }
      continue;
    }
    if (input_ids[i] == options_.seg_token) {
      if (i == 0 || input_ids[i - 1] == kImagePlaceholder) refuse("a [SEG] follows no text token");
      wanted_.push_back(rows_.size() - 1);
    }
    LedgerRow row;
    const auto place = static_cast<std::int64_t>(i);
    const auto& ends = options_.turn_ends;
    if (std::find(ends.begin(), ends.end(), place) != ends.end())
      turn_ends_.push_back(rows_.size());
    row.unpruned = place < visual_begin_ ? place : place - 1 + options_.patches;
    rows_.push_back(row);
  }
  live_.resize(rows_.size());
  std::iota(live_.begin(), live_.end(), std::size_t{0});
  prefill_tokens_ = length();
  place();
  record_set(0);
}

// Position ids of pruners.md §2.3. `stretch` keeps the ratios of the gaps: first survivor on the
// first patch's place, last on the last one's; a single survivor takes the first place.
void TokenLedger::place() {
  if (options_.position == unit::PositionPolicy::compact) {
    for (std::size_t i = 0; i < live_.size(); ++i)
      rows_[live_[i]].position = static_cast<std::int64_t>(i);
    return;
  }
  const auto begin = live_.begin() + visual_begin_, end = begin + visual_count_;
  float first = 0, last = 0;
  if (begin != end) {
    const auto by_anchor = [&](std::size_t a, std::size_t b) {
      return rows_[a].anchor < rows_[b].anchor;
    };
    const auto [low, high] = std::minmax_element(begin, end, by_anchor);
    first = rows_[*low].anchor;
    last = rows_[*high].anchor;
  }
  const bool stretch = options_.position == unit::PositionPolicy::stretch;
  const double scale =
      last > first ? static_cast<double>(options_.patches - 1) / (last - first) : 0;
  for (const std::size_t index : live_) {
    LedgerRow& row = rows_[index];
    const double patch = stretch ? (row.anchor - first) * scale : row.anchor;
    const auto slot = std::clamp<std::int64_t>(std::llround(patch), 0, options_.patches - 1);
    row.position = row.kind == RowKind::text ? row.unpruned : visual_begin_ + slot;
  }
}

const LedgerRow& TokenLedger::row(std::int64_t live_index) const {
  return rows_[live_[static_cast<std::size_t>(live_index)]];
}

std::vector<std::int64_t> TokenLedger::positions() const {
  std::vector<std::int64_t> out;
  out.reserve(live_.size());
  for (const std::size_t index : live_) out.push_back(rows_[index].position);
  return out;
}

std::vector<std::int64_t> TokenLedger::live_indices(std::span<const std::size_t> rows) const {
  std::vector<std::int64_t> out;
  out.reserve(rows.size());
  for (const std::size_t index : rows) {
    if (!rows_[index].alive) continue;
    out.push_back(std::find(live_.begin(), live_.end(), index) - live_.begin());
  }
  return out;
}

std::vector<std::int64_t> TokenLedger::wanted() const { return live_indices(wanted_); }

std::vector<std::int64_t> TokenLedger::turn_ends() const { return live_indices(turn_ends_); }

void TokenLedger::want(std::span<const std::int64_t> live_indices) {
  wanted_.clear();
  for (const std::int64_t i : live_indices) wanted_.push_back(live_[static_cast<std::size_t>(i)]);
}

void TokenLedger::truncate(std::int64_t length) {
  assert(length >= visual_begin_ + visual_count_);
  for (auto i = static_cast<std::size_t>(length); i < live_.size(); ++i)
    rows_[live_[i]].alive = false;
  live_.resize(static_cast<std::size_t>(length));
  assert(
      std::all_of(wanted_.begin(), wanted_.end(), [&](std::size_t w) { return rows_[w].alive; }));
}

// The centroid of the patches that a row is made of, each counted by its weight.
float TokenLedger::anchor_of(const TokenPlan& plan, std::int64_t row) const {
  double weighted = 0, sum = 0;
  for (std::int64_t e = plan.row_ptr()[row]; e < plan.row_ptr()[row + 1]; ++e) {
    const double weight = std::abs(plan.weights()[e]);
    weighted += weight * this->row(visual_begin_ + plan.cols()[e]).anchor;
    sum += weight;
  }
  return sum > 0 ? static_cast<float>(weighted / sum) : 0.0F;
}

TokenPlan TokenLedger::in_raster_order(const TokenPlan& plan) const {
  std::vector<float> anchors;
  for (std::int64_t row = 0; row < plan.size(); ++row) anchors.push_back(anchor_of(plan, row));
  std::vector<std::int64_t> order(anchors.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return anchors[a] < anchors[b]; });
  return plan.then(TokenPlan::gather(std::move(order), plan.size()));
}

void TokenLedger::cut(const TokenPlan& plan, std::int64_t layer) {
  assert(plan.sources() == visual_count_);
  const auto begin = live_.begin() + visual_begin_;
  const std::vector<std::size_t> before(begin, begin + visual_count_);
  for (const std::size_t index : before) rows_[index].alive = false;
  std::vector<std::size_t> after;
  for (std::int64_t j = 0; j < plan.size(); ++j) {
    if (const std::int64_t source = plan.origins()[j]; source >= 0) {
      after.push_back(before[static_cast<std::size_t>(source)]);
    } else {
      LedgerRow merged;
      merged.kind = RowKind::synthetic;
      merged.anchor = anchor_of(plan, j);
      after.push_back(rows_.size());
      rows_.push_back(merged);
    }
    rows_[after.back()].alive = true;
  }
  live_.erase(begin, begin + visual_count_);
  live_.insert(live_.begin() + visual_begin_, after.begin(), after.end());
  visual_count_ = plan.size();
  place();
  record_set(layer);
}

void TokenLedger::enter_layer() { entering_.push_back(visual_count_); }

double TokenLedger::layer_mean() const {
  if (entering_.empty()) return 0;
  const auto sum = std::accumulate(entering_.begin(), entering_.end(), std::int64_t{0});
  return static_cast<double>(sum) / static_cast<double>(entering_.size());
}

std::int64_t TokenLedger::kept() const {
  return static_cast<std::int64_t>(sets_.front().origins.size());
}

void TokenLedger::record_set(std::int64_t layer) {
  VisualSet set{layer, {}};
  for (std::int64_t i = visual_begin_; i < visual_begin_ + visual_count_; ++i) {
    set.origins.push_back(static_cast<std::int16_t>(row(i).origin));
  }
  if (!sets_.empty() && sets_.back().layer == layer) sets_.pop_back();
  sets_.push_back(std::move(set));
}

}  // namespace litebench::prune
