#include "shards/store/flight.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::store {
namespace {

constexpr std::string_view kWord = "in-work ";
constexpr std::string_view kTimedOut = " timed-out";
constexpr std::string_view kInTime = "          ";
constexpr std::size_t kDigits = 16;

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Flight> read_flight(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  constexpr std::size_t kLength = kWord.size() + 2 * kDigits + 1 + kInTime.size();
  if (!std::getline(in, line) || line.size() != kLength || !line.starts_with(kWord))
    return std::nullopt;
  const std::string_view text = line;
  Flight flight{path, path.stem().string() + ".h5", {}, text.ends_with(kTimedOut)};
  for (const std::size_t start : {kWord.size(), kWord.size() + kDigits + 1}) {
    const auto bundle = read_number(text.substr(start, kDigits));
    if (!bundle) return std::nullopt;
    if (*bundle != 0) flight.bundles.push_back(*bundle);
  }
  return flight;
}

}  // namespace

FlightMark::FlightMark(const std::filesystem::path& shard) : path_(shard) {
  path_.replace_extension(".flight");
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw Error(ExitCode::io, fmt::format("cannot create {}", path_.string()),
                std::strerror(errno), "check free space and permissions");
  }
  write();
}

FlightMark::~FlightMark() {
  ::close(fd_);
  if (working_ == 0) ::unlink(path_.c_str());
}

void FlightMark::write() {
  if (landed_) return;
  const std::string line = fmt::format("{}{:016x} {:016x}{}\n", kWord, working_, preparing_,
                                       timed_out_ ? kTimedOut : kInTime);
  static_cast<void>(::pwrite(fd_, line.data(), line.size(), 0) == 0);
}

void FlightMark::working(std::uint64_t bundle) {
  const std::lock_guard lock(mutex_);
  working_ = bundle;
  if (preparing_ == bundle) preparing_ = 0;
  write();
}

void FlightMark::preparing(std::uint64_t bundle) {
  const std::lock_guard lock(mutex_);
  preparing_ = bundle;
  write();
}

void FlightMark::prepared(std::uint64_t bundle) {
  const std::lock_guard lock(mutex_);
  if (preparing_ != bundle) return;
  preparing_ = 0;
  write();
}

void FlightMark::timed_out() {
  const std::lock_guard lock(mutex_);
  timed_out_ = true;
  preparing_ = 0;
  write();
}

void FlightMark::land() {
  const std::lock_guard lock(mutex_);
  working_ = preparing_ = 0;
  write();
  landed_ = true;
}

std::vector<Flight> flights_of(const std::filesystem::path& run) {
  std::vector<Flight> flights;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run / "shards", error)) {
    if (entry.path().extension() != ".flight") continue;
    if (auto flight = read_flight(entry.path())) flights.push_back(std::move(*flight));
  }
  std::sort(flights.begin(), flights.end(),
            [](const Flight& a, const Flight& b) { return a.shard < b.shard; });
  return flights;
}

}  // namespace litebench::store
