#pragma once
// What a bench has to say: lines of name, value and target, printed, and written as JSON for the table of `make bench`.
// tests/bench/ratios.py is the same for benches in Python.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace litebench::test {

/// Mean number of processes that wanted a core in the last minute: how quiet the machine was.
inline std::string load() {
  double minute = 0;
  return getloadavg(&minute, 1) == 1 ? fmt::format("{:.1f}", minute) : "unknown";
}

class Ratios {
 public:
  Ratios(std::string bench, const std::string& conditions) : bench_(std::move(bench)) {
    json_ = {{"bench", bench_}, {"conditions", conditions}, {"lines", nlohmann::json::array()}};
    fmt::print("{}: {}\n", bench_, conditions);
  }

  /// A ratio and, where there is a target, the least or the most that it may be.
  void add(const std::string& name, double value, std::optional<double> least = {},
           std::optional<double> most = {}) {
    const bool met = (!least || value >= *least) && (!most || value <= *most);
    all_met_ = all_met_ && met;
    json_["lines"].push_back({{"name", name},
                              {"value", value},
                              {"least", least ? nlohmann::json(*least) : nlohmann::json()},
                              {"most", most ? nlohmann::json(*most) : nlohmann::json()},
                              {"met", met}});
    fmt::print("  {:<52} {:8.3f}   {}{}\n", name, value, target(least, most),
               met ? "" : "  MISSED");
  }

  /// The exit code: 1 when a target is missed. Writes $LITEBENCH_BENCH_OUT/BENCH.json where that is set.
  [[nodiscard]] int finish() const {
    if (const char* folder = std::getenv("LITEBENCH_BENCH_OUT")) {
      std::filesystem::create_directories(folder);
      std::ofstream(std::filesystem::path(folder) / (bench_ + ".json")) << json_.dump(1) << '\n';
    }
    return all_met_ ? 0 : 1;
  }

 private:
  static std::string target(std::optional<double> least, std::optional<double> most) {
    std::string said = least ? fmt::format("at least {:g}", *least) : "";
    if (most) said += fmt::format("{}at most {:g}", least ? ", " : "", *most);
    return said;
  }

  std::string bench_;
  nlohmann::json json_;
  bool all_met_ = true;
};

}  // namespace litebench::test
