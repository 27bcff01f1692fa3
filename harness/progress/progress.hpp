#pragma once
// The line that tells how far a run is: done, rate, time left.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

namespace litebench::progress {

/// "1234 s" as "20 min", "3.2 h", …
std::string duration_text(double seconds);

/// The text of one line. `before`: bundles that earlier attempts had finished; they count as done
/// but not into the rate. `things`: what is counted.
std::string progress_text(std::uint64_t done, std::uint64_t total, std::uint64_t before,
                          std::uint32_t ranks, double seconds, std::string_view things = "bundles");

/// Thread-safe. On a terminal one line is rewritten every half second, elsewhere a line is written
/// every 30 s.
class ProgressLine {
 public:
  ProgressLine(std::FILE* out, std::uint64_t total, std::uint64_t before, std::uint32_t ranks,
               bool quiet, std::string_view things = "bundles");
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `done`: bundles finished by this attempt.
  void update(std::uint64_t done);

 private:
  void print(std::uint64_t done);

  std::mutex mutex_;
  std::FILE* out_;
  std::uint64_t total_, before_;
  std::uint32_t ranks_;
  std::string things_;
  bool quiet_, terminal_, open_ = false, ended_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace litebench::progress
