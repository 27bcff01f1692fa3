#include "harness/forecast/rates.hpp"

#include <fstream>
#include <stdexcept>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "shards/unit/file_hashes.hpp"

namespace litebench::forecast {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("cannot use the rates in {}", path.string()), reason,
              "remove the file; litebench plan measures again");
}

void check_key(const std::filesystem::path& path, json::Value stored, const Key& wanted) {
  std::vector<std::string> differences;
  for (const auto& [name, value] : wanted) {
    const auto found = stored.find(name);
    const std::string_view was = found && found->is_string() ? found->as_string() : "nothing";
    if (was != value) differences.push_back(fmt::format("{}: {} then, {} now", name, was, value));
  }
  if (!differences.empty())
    refuse(path, fmt::format("measured for something else: {}", fmt::join(differences, "; ")));
}

Point point_of(json::Value value) {
  Point point;
  point.y = value.at("y").as_double();
  value.at("x").each([&](json::Value x) { point.x.push_back(x.as_double()); });
  return point;
}

}  // namespace

Rates Rates::load(const std::filesystem::path& path, const Key& key) {
  const json::Document document = json::Document::load(path);
  const json::Value root = document.root();
  check_key(path, root.at("key"), key);
  Rates rates(key);
  root.at("operators").each_member([&](std::string_view name, json::Value points) {
    points.each([&](json::Value point) { rates.add(std::string(name), point_of(point)); });
  });
  for (const auto& [name, points] : rates.points_) {
    for (const Point& point : points) {
      if (point.x.size() != points.front().x.size() || point.x.empty() || point.x.size() > 8)
        refuse(path, fmt::format("the points of {} have different numbers of features", name));
    }
  }
  return rates;
}

void Rates::save(const std::filesystem::path& path) const {
  nlohmann::json operators = nlohmann::json::object();
  for (const auto& [name, points] : points_) {
    for (const Point& point : points) operators[name].push_back({{"x", point.x}, {"y", point.y}});
  }
  const nlohmann::json root = {{"key", key_}, {"operators", operators}};
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path fresh = fmt::format("{}.{}", path.string(), ::getpid());
  {
    std::ofstream out(fresh);
    out << root.dump(1) << '\n';
    if (!out.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(fresh, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(fresh, ignored);
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), error.message(),
              "name another file with --rates");
}

void Rates::add(const std::string& name, Point point) {
  points_[name].push_back(std::move(point));
  if (const auto old = fits_.find(name); old != fits_.end()) fits_.erase(old);
}

double Rates::at(std::string_view name, std::span<const double> x) const {
  auto known = fits_.find(name);
  if (known == fits_.end()) {
    const auto points = points_.find(name);
    if (points == points_.end()) throw std::out_of_range("no rates of " + std::string(name));
    known = fits_.emplace(std::string(name), fit(points->second)).first;
  }
  return dot(known->second, x);
}

std::filesystem::path default_rates_file(const Key& key) {
  const std::filesystem::path hashes = unit::FileHashes::default_cache();
  if (hashes.empty()) return hashes;
  std::string text;
  for (const auto& [name, value] : key) text += fmt::format("{}={};", name, value);
  return hashes.parent_path() / fmt::format("rates-{:016x}.json", hash64(text));
}

}  // namespace litebench::forecast
