#pragma once
// Who does which bundle. Rank 0 answers from a helper thread; the others ask before they run dry (design §8).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace litebench::handout {

struct WorkItem {
  std::uint32_t index = 0;     ///< into the caller's list of bundles
  double cost = 1;             ///< predicted seconds
  std::uint8_t phase = 0;      ///< all of phase 0 is granted before any of phase 1 (accuracy, then latency)
};

/// One rank's end of the hand-out.
class Handout {
 public:
  virtual ~Handout() = default;
  /// Next bundle for this rank; nothing when all work is granted or stop was asked. Blocks at most as long as one reply takes.
  virtual std::optional<std::uint32_t> next() = 0;
  /// This rank finished the bundle (seconds it took; feeds the idle report and the progress of rank 0).
  virtual void done(std::uint32_t index, double seconds) = 0;
  /// Ask everybody to stop after the bundle in flight.
  virtual void stop() = 0;
};

struct Progress { std::uint64_t done = 0, granted = 0, total = 0; std::uint32_t ranks = 1; };

/// A loop in one process.
std::unique_ptr<Handout> make_local(std::vector<WorkItem> items, std::function<void(const Progress&)> progress);

}  // namespace litebench::handout
