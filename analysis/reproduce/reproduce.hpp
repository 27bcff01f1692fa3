#pragma once
// Does a run show what was published? cIoU of `none` within ±0.3 points and of every other method within ±1.5 points of the
// published number, averaged over protocol seeds (three are asked for: the reference draws sentences without a seed).

#include <string>

#include "analysis/published/published.hpp"
#include "analysis/rows/run.hpp"
#include "analysis/tables/table.hpp"
#include "base/error.hpp"

namespace litebench::analysis {

struct Gate {
  double unpruned = 0.003;  ///< of cIoU as a share
  double pruned = 0.015;
  std::int32_t seeds = 3;  ///< of the protocol's draws
};

struct Reproduction {
  Table table;       ///< one row per published variant
  std::string line;  ///< REPRODUCED, NOT REPRODUCED or UNDECIDED, and why
  ExitCode
      code{};  ///< complete; worse; incomplete when rows, splits or seeds are lacking and nothing misses
};

/// Only protocols of the reference's kind count: drawn sentences, conversations, similarity text, ground truth and epsilons
/// as upstream has them. They may differ in their seed alone.
Reproduction reproduce(const Run& run, const Published& published, const Gate& gate = {});

}  // namespace litebench::analysis
