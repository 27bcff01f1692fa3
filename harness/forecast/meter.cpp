#include "harness/forecast/meter.hpp"

#include <algorithm>

#include "harness/measure/clock.hpp"

namespace litebench::forecast {
namespace {

constexpr std::size_t kMostRounds = 25;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<Outcome> measure(const std::vector<Task>& tasks, measure::Device& device,
                             double seconds, const Told& told) {
  std::uint64_t runs = 0;
  std::vector<Outcome> outcomes(tasks.size());
  std::vector<std::vector<double>> all(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    static_cast<void>(tasks[i].run());  // the first sight of a shape pays for what is done once
    told(++runs);
    const std::int64_t before = device.memory().current_bytes;
    device.reset_peak();
    static_cast<void>(tasks[i].run());
    told(++runs);
    outcomes[i].bytes = static_cast<double>(device.memory().peak_bytes - before);
  }
  const measure::Stopwatch watch;
  // Once a round: in a run, too, other work lies between two calls and has emptied the caches.
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      all[i].push_back(tasks[i].run());
      if (round == 0) told(++runs);
    }
    const double elapsed = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    if (elapsed * static_cast<double>(round + 2) / static_cast<double>(round + 1) > seconds) break;
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) outcomes[i].seconds = median(std::move(all[i]));
  return outcomes;
}

std::vector<Outcome> measure_into(Rates& rates, const std::vector<Task>& tasks,
                                  measure::Device& device, double seconds, const Told& told) {
  std::vector<Outcome> outcomes = measure(tasks, device, seconds, told);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].name.empty()) rates.add(tasks[i].name, {tasks[i].x, outcomes[i].seconds});
    if (!tasks[i].bytes_name.empty())
      rates.add(tasks[i].bytes_name, {tasks[i].bytes_x, outcomes[i].bytes});
  }
  return outcomes;
}

}  // namespace litebench::forecast
