#pragma once
// What is noted about a bundle while it is in work, so that its death or its hanging has a name.

#include <array>
#include <cstdint>
#include <unordered_set>

#include "harness/evaluate/plan.hpp"
#include "harness/launch/watchdog.hpp"
#include "shards/store/flight.hpp"

namespace litebench::evaluate {

/// Cost of a bundle in units of one sequence; only ratios inside a pass matter. The towers cost
/// every bundle the same.
double predicted_cost(const store::PlannedBundle& bundle);
double predicted_cost(const GroupPlan& group);

/// How long a group of bundles may take before its rank is taken for hung.
class Deadline {
 public:
  /// `fixed_seconds` > 0, of each image, wins over what is learnt. A latency bundle may go on for
  /// `stretch` times as many repeats as it is sure to have.
  explicit Deadline(double fixed_seconds, double stretch = 1)
      : fixed_(fixed_seconds), stretch_{1, stretch} {}

  /// Twenty times what it should take, at least ten minutes; an hour before anything was measured.
  [[nodiscard]] double seconds(const GroupPlan& group) const;
  void learn(const GroupPlan& group, double seconds);

 private:
  struct Measured {
    double cost = 0, seconds = 0;
  };
  double fixed_;
  std::array<double, 2> stretch_;  // by store::Pass
  std::array<Measured, 2> measured_{};  // by store::Pass
};

/// One rank's view of what it has in work. A group goes by its id.
class Supervision {
 public:
  /// `suspects`: groups that were in work when an attempt died; they are prepared alone.
  Supervision(const std::filesystem::path& shard, Deadline deadline,
              std::unordered_set<std::uint64_t> suspects);

  void begin(const GroupPlan& group);
  void end(const GroupPlan& group, double seconds);
  [[nodiscard]] bool may_prepare_ahead(const GroupPlan& group) const;
  void preparing(const GroupPlan& group) { mark_.preparing(group.id()); }
  void prepared(const GroupPlan& group) { mark_.prepared(group.id()); }
  /// The process is about to end by order or for a reason that no bundle is to blame for.
  void land() { mark_.land(); }

 private:
  [[noreturn]] void give_up();

  store::FlightMark mark_;
  Deadline deadline_;
  std::unordered_set<std::uint64_t> suspects_;
  std::string images_;  // in work, for the message
  launch::Watchdog watchdog_;
};

}  // namespace litebench::evaluate
