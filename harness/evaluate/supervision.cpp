#include "harness/evaluate/supervision.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/launch/session.hpp"

namespace litebench::evaluate {

double predicted_cost(const store::PlannedBundle& bundle) {
  constexpr double kTowersInUnits = 8;
  return kTowersInUnits + bundle.units;
}

double predicted_cost(const GroupPlan& group) {
  double cost = 0;
  for (const BundlePlan& bundle : group.members) cost += predicted_cost(bundle.row);
  return cost;
}

double Deadline::seconds(const GroupPlan& group) const {
  constexpr double kTimes = 20, kLeast = 600, kUnmeasured = 3600;
  const auto images = static_cast<double>(group.members.size());
  if (fixed_ > 0) return fixed_ * images;
  const Measured& measured = measured_[static_cast<std::size_t>(group.pass())];
  const double stretch = stretch_[static_cast<std::size_t>(group.pass())];
  if (measured.cost == 0) return stretch * kUnmeasured * images;
  return std::max(kLeast,
                  stretch * kTimes * predicted_cost(group) * measured.seconds / measured.cost);
}

void Deadline::learn(const GroupPlan& group, double seconds) {
  Measured& measured = measured_[static_cast<std::size_t>(group.pass())];
  measured.cost += predicted_cost(group);
  measured.seconds += seconds;
}

Supervision::Supervision(const std::filesystem::path& shard, Deadline deadline,
                         std::unordered_set<std::uint64_t> suspects)
    : mark_(shard),
      deadline_(deadline),
      suspects_(std::move(suspects)),
      watchdog_([this] { give_up(); }) {}

void Supervision::begin(const GroupPlan& group) {
  images_ = images_text(group);
  mark_.working(group.id());
  watchdog_.expect_within(launch::Watchdog::Seconds(deadline_.seconds(group)));
}

void Supervision::end(const GroupPlan& group, double seconds) {
  watchdog_.done();
  mark_.working(0);
  deadline_.learn(group, seconds);
}

bool Supervision::may_prepare_ahead(const GroupPlan& group) const {
  return suspects_.count(group.id()) == 0;
}

/// On the watchdog's thread: the computing one may never return.
void Supervision::give_up() {
  mark_.timed_out();
  fmt::print(stderr,
             "litebench: the bundle of {} takes much longer than it should (the device may "
             "hang); this rank ends so that a new start can go on\n",
             images_);
  launch::Session::exit_now(static_cast<int>(ExitCode::restart));
}

}  // namespace litebench::evaluate
