#include "harness/progress/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

namespace litebench::progress {
namespace {

constexpr auto kTerminalPeriod = std::chrono::milliseconds(500);
constexpr auto kFilePeriod = std::chrono::seconds(30);

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string progress_text(std::uint64_t done, std::uint64_t total, std::uint64_t before,
                          std::uint32_t ranks, double seconds, std::string_view things) {
  std::string text = fmt::format("{}/{} {} on {} rank{}", before + done, total, things, ranks,
                                 ranks == 1 ? "" : "s");
  if (done == 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  const auto left = static_cast<double>(total - before - done);
  text +=
      rate >= 1 ? fmt::format(", {:.1f} a second", rate) : fmt::format(", {:.1f} s each", 1 / rate);
  if (left > 0) text += fmt::format(", {} left", duration_text(left / rate));
  return text;
}

ProgressLine::ProgressLine(std::FILE* out, std::uint64_t total, std::uint64_t before,
                           std::uint32_t ranks, bool quiet, std::string_view things)
    : out_(out),
      total_(total),
      before_(before),
      ranks_(ranks),
      things_(things),
      quiet_(quiet),
      terminal_(::isatty(::fileno(out)) != 0),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

ProgressLine::~ProgressLine() {
  if (open_) std::fputc('\n', out_);
}

void ProgressLine::update(std::uint64_t done) {
  const std::lock_guard lock(mutex_);
  if (quiet_ || ended_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool last = before_ + done >= total_;
  if (!last && now - last_ < (terminal_ ? std::chrono::nanoseconds(kTerminalPeriod)
                                        : std::chrono::nanoseconds(kFilePeriod))) {
    return;
  }
  last_ = now;
  ended_ = last;
  print(done);
}

void ProgressLine::print(std::uint64_t done) {
  const double seconds = std::chrono::duration<double>(last_ - start_).count();
  const std::string text = progress_text(done, total_, before_, ranks_, seconds, things_);
  // Not fmt::print, which throws when the log's disk is full: no reason to end the run.
  std::fputs((terminal_ ? fmt::format("\r{:<78}", text) : text + "\n").c_str(), out_);
  std::fflush(out_);
  open_ = terminal_;
}

}  // namespace litebench::progress
