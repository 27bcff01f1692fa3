#pragma once
// What operators cost on one machine: measured points, and fits through them.

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/forecast/fit.hpp"

namespace litebench::forecast {

/// What rates hold for: machine, threads, dtype, sizes of the model, numeric version.
using Key = std::map<std::string, std::string>;

class Rates {
 public:
  explicit Rates(Key key) : key_(std::move(key)) {}

  /// Throws Error{data} for a file that is damaged, and one that was measured for another key,
  /// naming what differs.
  static Rates load(const std::filesystem::path& path, const Key& key);
  /// Replaces the file as a whole. Throws Error{io}.
  void save(const std::filesystem::path& path) const;

  [[nodiscard]] bool has(std::string_view name) const { return points_.contains(name); }
  /// Seconds or bytes, as the name says (operators.hpp). All points of a name have the same features.
  void add(const std::string& name, Point point);
  /// Of a shape that need not have been measured. Throws std::out_of_range for an unknown name.
  [[nodiscard]] double at(std::string_view name, std::span<const double> x) const;
  [[nodiscard]] double at(std::string_view name, std::initializer_list<double> x) const {
    return at(name, std::span<const double>(x.begin(), x.size()));
  }

 private:
  Key key_;
  std::map<std::string, std::vector<Point>, std::less<>> points_;
  mutable std::map<std::string, std::vector<double>, std::less<>> fits_;  // made when asked for
};

/// $XDG_CACHE_HOME/litebench/rates-<hash of the key>.json, else under ~/.cache; empty without a home.
std::filesystem::path default_rates_file(const Key& key);

}  // namespace litebench::forecast
