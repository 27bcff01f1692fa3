#include "harness/evaluate/stage_timer.hpp"

#include <cmath>

namespace litebench::evaluate {
namespace {

// A double holds whole nanoseconds of 100 days: on the CPU nothing is lost on the way.
std::int64_t nanoseconds(double milliseconds) { return std::llround(milliseconds * 1e6); }

std::size_t first_mark(measure::Clock& clock) {
  clock.clear();
  return clock.mark();
}

}  // namespace

StageTimer::StageTimer(measure::Clock& clock)
    : clock_(clock), first_(first_mark(clock)), last_(first_) {}

void StageTimer::end(store::Stage stage) {
  const std::size_t mark = clock_.mark();
  spans_.push_back({stage, last_, mark});
  last_ = mark;
}

std::int64_t StageTimer::read(StageTimes& stages) const {
  for (const Span& span : spans_) {
    stages[static_cast<std::size_t>(span.stage)] +=
        nanoseconds(clock_.milliseconds(span.begin, span.end));
  }
  return nanoseconds(clock_.milliseconds(first_, last_));
}

}  // namespace litebench::evaluate
