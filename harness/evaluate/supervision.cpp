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

double Deadline::seconds(const store::PlannedBundle& bundle) const {
  constexpr double kTimes = 20, kLeast = 600, kUnmeasured = 3600;
  if (fixed_ > 0) return fixed_;
  const Measured& measured = measured_[static_cast<std::size_t>(bundle.pass)];
  if (measured.cost == 0) return kUnmeasured;
  return std::max(kLeast, kTimes * predicted_cost(bundle) * measured.seconds / measured.cost);
}

void Deadline::learn(const store::PlannedBundle& bundle, double seconds) {
  Measured& measured = measured_[static_cast<std::size_t>(bundle.pass)];
  measured.cost += predicted_cost(bundle);
  measured.seconds += seconds;
}

Supervision::Supervision(const std::filesystem::path& shard, double fixed_deadline,
                         std::unordered_set<std::uint64_t> suspects)
    : mark_(shard),
      deadline_(fixed_deadline),
      suspects_(std::move(suspects)),
      watchdog_([this] { give_up(); }) {}

void Supervision::begin(const BundlePlan& bundle) {
  image_ = bundle.row.image_id;
  mark_.working(bundle.row.bundle_id);
  watchdog_.expect_within(launch::Watchdog::Seconds(deadline_.seconds(bundle.row)));
}

void Supervision::end(const BundlePlan& bundle, double seconds) {
  watchdog_.done();
  mark_.working(0);
  deadline_.learn(bundle.row, seconds);
}

bool Supervision::may_prepare_ahead(const BundlePlan& bundle) const {
  return suspects_.count(bundle.row.bundle_id) == 0;
}

/// On the watchdog's thread: the computing one may never return.
void Supervision::give_up() {
  mark_.timed_out();
  fmt::print(stderr,
             "litebench: the bundle of image {} takes much longer than it should (the device may "
             "hang); this rank ends so that a new start can go on\n",
             image_);
  launch::Session::exit_now(static_cast<int>(ExitCode::restart));
}

}  // namespace litebench::evaluate
