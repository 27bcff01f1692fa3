#pragma once
// What a method from outside answers, before anybody believes it. Plain data without LibTorch, so
// that the check can be fuzzed.

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace litebench::prune {

/// Patch index by which the CLS row is named; patches are 0 … P−1 in raster order.
inline constexpr std::int64_t kClsPatch = -1;

/// N output tokens as sparse rows over the patches.
struct Answer {
  /// N + 1 offsets into `index` and `weight`. Empty: every entry of `index` is one selected patch.
  std::vector<std::int64_t> part_ptr;
  std::vector<std::int64_t> index;
  std::vector<float> weight;  ///< one per entry of `index`; empty together with part_ptr
  /// N places in patch coordinates, for raster order and position policies. Empty: the centroid of
  /// the token's parts, each counted by the size of its weight.
  std::vector<float> anchor;
};

struct AnswerLimits {
  std::int64_t tokens = 0;   ///< the budget, which an answer meets exactly
  std::int64_t patches = 0;  ///< P
};

/// The first thing that is wrong, or "".
std::string problem_of(const Answer& answer, const AnswerLimits& limits);

/// The answer as compressed sparse rows over CLS + patches, the arguments of TokenPlan::rows.
struct PlanRows {
  std::vector<std::int64_t> row_ptr, col;
  std::vector<float> weight, anchor;
};
/// Requires that problem_of() found nothing.
PlanRows rows_of(const Answer& answer);

/// A method gave no plan, or one that cannot be used: the unit fails, the run goes on.
class MethodFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace litebench::prune
