#include "shards/handout/scheduler.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

namespace litebench::handout {
namespace {

// A request costs about 0.2 ms (poll interval of the coordinator); 20 ms of work per request keep that at one per cent.
constexpr double kGrantSeconds = 0.02;
constexpr std::size_t kMostPerGrant = 512;   // 2 KiB: below the eager limit of every transport, so sending never waits
constexpr std::uint32_t kShares = 4;         // a grant is at most a quarter of a rank's fair part of what is left

bool granted_before(const WorkItem& a, const WorkItem& b) {
  if (a.phase != b.phase) return a.phase < b.phase;
  if (a.suspect != b.suspect) return b.suspect;
  if (a.cost != b.cost) return a.cost > b.cost;
  return a.index < b.index;
}

/// Costs come from a model that may know nothing; the order needs finite positive numbers.
void make_sane(std::vector<WorkItem>& items) {
  for (WorkItem& item : items) {
    if (!std::isfinite(item.cost) || item.cost <= 0) item.cost = 1;
  }
}

}  // namespace

Scheduler::Scheduler(std::vector<WorkItem> items, std::uint32_t ranks) : items_(std::move(items)), ranks_(ranks), phase1_ranks_(ranks) {
  make_sane(items_);
  std::sort(items_.begin(), items_.end(), granted_before);
  std::uint32_t largest = 0;
  for (const WorkItem& item : items_) largest = std::max(largest, item.index);
  costs_.resize(items_.empty() ? 0 : std::size_t{largest} + 1);
  phases_.resize(costs_.size());
  is_done_.resize(costs_.size());
  cost_behind_.resize(items_.size() + 1);
  for (std::size_t i = items_.size(); i-- > 0;) {
    cost_behind_[i] = cost_behind_[i + 1] + items_[i].cost;
    costs_[items_[i].index] = items_[i].cost;
    phases_[items_[i].index] = items_[i].phase;
  }
  const auto phase1 = std::find_if(items_.begin(), items_.end(), [](const WorkItem& item) { return item.phase > 0; });
  first_of_phase1_ = static_cast<std::uint64_t>(phase1 - items_.begin());
}

double Scheduler::cost_of(std::uint32_t index) const { return index < costs_.size() ? costs_[index] : 0; }

std::uint8_t Scheduler::phase_of(std::uint32_t index) const { return index < phases_.size() ? phases_[index] : 0; }

std::uint64_t Scheduler::end_of_phase() const { return granted_ < first_of_phase1_ ? first_of_phase1_ : items_.size(); }

std::uint32_t Scheduler::ranks_of_phase() const { return granted_ < first_of_phase1_ ? ranks_ : phase1_ranks_; }

/// Predicted cost that one grant may hold: kGrantSeconds in units of cost, shrinking as work runs out.
double Scheduler::grant_cost(std::uint64_t left) const {
  const double seconds_per_cost = measured_cost_ > 0 ? measured_seconds_ / measured_cost_ : 1;
  const double cost_left = cost_behind_[granted_] - cost_behind_[granted_ + left];
  return std::min(kGrantSeconds / std::max(seconds_per_cost, 1e-12), cost_left / (kShares * ranks_of_phase()));
}

Grant Scheduler::request(Need need, bool takes_phase1) {
  if (stopped_ || drained()) return {Answer::end, {}};
  const bool in_phase1 = granted_ >= first_of_phase1_;
  if (in_phase1 && done_ < first_of_phase1_) return {Answer::later, {}};
  if (in_phase1 && !takes_phase1) return {Answer::end, {}};
  if (granted_ == items_.size()) return {Answer::later, {}};
  const std::uint64_t end = end_of_phase();
  const std::uint64_t left = end - granted_;
  // Near the end a bundle promised to a busy rank is one that an idle rank could have begun at once.
  if (need == Need::soon && left < 2 * std::uint64_t{ranks_of_phase()}) return {Answer::later, {}};
  Grant grant{Answer::grant, {}};
  const double limit = grant_cost(left);
  double cost = 0;
  do {
    cost += items_[granted_].cost;
    grant.indices.push_back(items_[granted_].index);
    ++granted_;
  } while (granted_ < end && !items_[granted_].suspect && grant.indices.size() < kMostPerGrant && cost + items_[granted_].cost <= limit);
  return grant;
}

bool Scheduler::has_answers() const {
  const std::uint64_t open = done_ < first_of_phase1_ ? first_of_phase1_ : items_.size();
  return stopped_ || drained() || granted_ < open;
}

std::vector<bool> Scheduler::done(std::span<const std::uint32_t> indices, double seconds) {
  std::vector<bool> first;
  for (const std::uint32_t index : indices) {
    first.push_back(index < is_done_.size() && !is_done_[index]);
    if (first.back()) {
      is_done_[index] = true;
      ++done_;
    }
    measured_cost_ += cost_of(index);
  }
  measured_seconds_ += seconds;
  return first;
}

std::vector<WorkItem> static_part(std::span<const WorkItem> items, std::uint32_t rank, std::uint32_t ranks) {
  std::vector<WorkItem> ordered(items.begin(), items.end());
  make_sane(ordered);
  std::sort(ordered.begin(), ordered.end(), granted_before);
  using Load = std::pair<double, std::uint32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (std::uint32_t r = 0; r < ranks; ++r) loads.emplace(0.0, r);
  std::vector<WorkItem> mine;
  for (const WorkItem& item : ordered) {
    const auto [load, least] = loads.top();
    loads.pop();
    loads.emplace(load + item.cost, least);
    if (least == rank) mine.push_back(item);
  }
  return mine;
}

}  // namespace litebench::handout
