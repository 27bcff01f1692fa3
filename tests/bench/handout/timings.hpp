#pragma once
// Recorded bundles: a text file with a line "cost seconds" for each, lines of # are remarks.

#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "shards/handout/handout.hpp"

namespace litebench::bench {

struct Timings {
  std::vector<handout::WorkItem> items;
  std::vector<double> seconds;  ///< by index

  void add(double cost, double length) {
    items.push_back({static_cast<std::uint32_t>(items.size()), cost, 0});
    seconds.push_back(length);
  }
};

inline Timings read_timings(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Timings timings;
  for (std::string line; std::getline(file, line);) {
    double cost = 0, seconds = 0;
    if (!line.starts_with('#') && std::istringstream(line) >> cost >> seconds)
      timings.add(cost, seconds);
  }
  if (timings.items.empty()) throw std::runtime_error(path + " holds no bundles");
  return timings;
}

/// `count` bundles drawn from those recorded, always the same.
inline Timings resampled(const Timings& recorded, std::size_t count) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> pick(0, recorded.items.size() - 1);
  Timings timings;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t one = pick(random);
    timings.add(recorded.items[one].cost, recorded.seconds[one]);
  }
  return timings;
}

}  // namespace litebench::bench
