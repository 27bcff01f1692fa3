#pragma once
// Stage times of one run in the device's own time: a stage lasts from the end of the one before to
// its own end, and the host waits once, when all of them are read. Waiting after every stage would
// charge each with an empty device that a deployed model never sees.

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/measure/device.hpp"
#include "shards/store/rows.hpp"

namespace litebench::evaluate {

using StageTimes = std::array<std::int64_t, store::kStages>;  ///< ns

/// Begins when it is made. The clock is borrowed and cleared: one timer at a time.
class StageTimer {
 public:
  explicit StageTimer(measure::Clock& clock);

  /// What happened since the last mark belongs to no stage.
  void skip() { last_ = clock_.mark(); }

  template <typename Work>
  auto timed(store::Stage stage, Work work) {
    auto result = work();
    end(stage);
    return result;
  }
  void end(store::Stage stage);

  /// Adds the times of the stages that ended to `stages` and returns the time from the timer's begin
  /// to its last mark. Waits for the device.
  [[nodiscard]] std::int64_t read(StageTimes& stages) const;

 private:
  struct Span {
    store::Stage stage;
    std::size_t begin, end;  ///< marks
  };

  measure::Clock& clock_;
  std::size_t first_, last_;
  std::vector<Span> spans_;
};

}  // namespace litebench::evaluate
