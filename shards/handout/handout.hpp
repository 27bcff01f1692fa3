#pragma once
// Who does which bundle. Rank 0 answers from a helper thread; the others ask before they run dry (design §8).

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace litebench::handout {

struct WorkItem {
  std::uint32_t index = 0;     ///< into the caller's list of bundles
  double cost = 1;             ///< predicted seconds; only ratios matter, the scale is learnt from what bundles take
  std::uint8_t phase = 0;      ///< all of phase 0 is done before any of phase 1 is granted (accuracy, then latency)
  bool suspect = false;        ///< may end the rank that does it: after all others of its phase, one at a time
};

/// What one rank did. The parts add up to the time between the first next() and the end of the last rank's work.
struct RankReport {
  std::uint32_t rank = 0;
  std::uint64_t bundles = 0;
  double busy_seconds = 0;     ///< as told to done()
  double waited_seconds = 0;   ///< in next(), for an answer
  double end_idle_seconds = 0; ///< from its own end to the end of the last rank
  bool reported = false;       ///< false: the rank did not come to the end
  bool others_lost = false;    ///< some rank (or the coordinator) did not; known to every rank that did
};

/// One rank's end of the hand-out. Used from one thread at a time.
class Handout {
 public:
  virtual ~Handout() = default;
  /// Next bundle for this rank; nothing when all work is done or stop was asked. Waits for one reply at most, and
  /// between the phases and at the end for the other ranks' last bundles, which it may have to repeat.
  virtual std::optional<std::uint32_t> next() = 0;
  /// What next() will return, when that is known already; never waits. For preparing a bundle ahead: asked again and
  /// again while the last bundle that was granted is computed, since its answer is under way then.
  [[nodiscard]] virtual std::optional<std::uint32_t> peek() = 0;
  /// This rank finished the bundle (seconds it took; feeds the idle report and the progress of rank 0).
  virtual void done(std::uint32_t index, double seconds) = 0;
  /// Ask everybody to stop after the bundle in flight.
  virtual void stop() = 0;
  /// After the last next(): on rank 0 waits, with a deadline, for the others and reports on all ranks; elsewhere on this one.
  virtual std::vector<RankReport> finish() = 0;
};

struct Progress { std::uint64_t done = 0, granted = 0, total = 0; std::uint32_t ranks = 1; };
using ProgressCallback = std::function<void(const Progress&)>;

/// A loop in one process.
std::unique_ptr<Handout> make_local(std::vector<WorkItem> items, ProgressCallback progress);

/// Longest-first split made beforehand, the same on every rank; this rank gets part `rank` of `ranks`. The phases are only
/// ordered within a rank. stop() reaches this rank only.
std::unique_ptr<Handout> make_static(std::span<const WorkItem> items, std::uint32_t rank, std::uint32_t ranks,
                                     ProgressCallback progress);

struct MpiOptions {
  bool takes_phase1 = true;    ///< this rank may do latency bundles (one rank per device)
  /// Rank 0 gives up on ranks, and ranks on rank 0, after this long without a message when only they are waited for.
  std::chrono::duration<double> silence{120};
  /// A rank that says nothing for this long, and for four times what its bundles should take, is taken for hung: ranks
  /// that have nothing else to do repeat its bundles. Whichever commit comes first counts; the other audits it.
  std::chrono::duration<double> overdue{10};
};

/// Over MPI_COMM_WORLD (collective). `items` matter on rank 0 only, `progress` is called there, from the helper thread, at
/// most every 0.2 s and at the end. Below MPI_THREAD_MULTIPLE: make_static; without MPI or alone: make_local.
std::unique_ptr<Handout> make_mpi(std::vector<WorkItem> items, ProgressCallback progress, const MpiOptions& options = {});

}  // namespace litebench::handout
