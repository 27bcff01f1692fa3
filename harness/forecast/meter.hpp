#pragma once
// Times many small pieces of work in turn, so that a disturbance of the machine falls on few
// repetitions of each.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/forecast/rates.hpp"
#include "harness/measure/device.hpp"

namespace litebench::forecast {

/// One shape of one operator.
struct Task {
  std::string name;             ///< of its seconds
  std::vector<double> x;        ///< features of its seconds
  std::function<double()> run;  ///< does it once; seconds it took, without what it prepared
  std::string bytes_name = {};  ///< not empty: name of its peak of memory above what was live
  std::vector<double> bytes_x = {};
};

struct Outcome {
  double seconds = 0;  ///< median
  double bytes = 0;    ///< highest
};

/// How often a task is done at least: to warm up, for its peak of memory, for its time.
inline constexpr std::size_t kLeastRuns = 3;

/// Told how many of tasks.size() * kLeastRuns runs are over; true size on a CPU takes many minutes.
using Told = std::function<void(std::uint64_t runs)>;

/// Every task once to warm up, then in rounds for some `seconds` (at least one round). In the order
/// of the tasks.
std::vector<Outcome> measure(
    const std::vector<Task>& tasks, measure::Device& device, double seconds,
    const Told& told = [](std::uint64_t) {});

/// measure(), and the outcomes as points of their names.
std::vector<Outcome> measure_into(
    Rates& rates, const std::vector<Task>& tasks, measure::Device& device, double seconds,
    const Told& told = [](std::uint64_t) {});

}  // namespace litebench::forecast
