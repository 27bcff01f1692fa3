#pragma once
// Two runs, unit by unit: is B the same as A, better, worse, or can the data not tell?

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/rows/run.hpp"
#include "base/error.hpp"

namespace litebench::analysis::audit {

enum class Change : std::uint8_t { same, better, ambiguous, worse };  ///< from harmless to harmful
std::string_view name_of(Change change);  ///< SAME, BETTER, AMBIGUOUS, WORSE

struct CompareOptions {
  double margin = 0;          ///< cIoU as a share: an interval inside ±margin is SAME
  double time_margin = 0.05;  ///< of a ratio of times: 0.05 is 5 %
  std::int32_t draws = 10'000;
  bool times = true;
};

/// One variant in one split (accuracy), or one variant (times).
struct Compared {
  std::string what;  ///< "cIoU refcoco/val litelvlm@192", "time litelvlm@192"
  Change change{};
  std::string reason;  ///< with the numbers
  std::int64_t pairs = 0, only_a = 0, only_b = 0;
};

struct ComparisonReport {
  Change change{};  ///< the worst of all
  std::vector<Compared> parts;
  std::vector<std::string>
      settings;  ///< what the two were told differently: configuration, versions, machine
};

/// Expressions pair by sample, turn, variant and seed; sample ids name data set, split, protocol and image, so other
/// protocols never pair. cIoU differences have a BCa interval of the paired bootstrap over images, times a ratio of sums
/// over samples, of means over units paired by sample, variant and repeat.
ComparisonReport compare(const Run& a, const Run& b, const CompareOptions& options = {});

/// 0 for SAME and BETTER, 1 for WORSE, 2 for AMBIGUOUS.
ExitCode exit_code(Change change);

}  // namespace litebench::analysis::audit
