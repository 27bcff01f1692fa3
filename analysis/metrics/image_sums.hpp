#pragma once
// What every image adds to every sum: the input of resampling.
//
// Images are the clusters. Expressions of one image share its difficulty, and an image that several
// splits or data sets contain is one image (by COCO image id), so averages over splits know that
// their parts are related.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analysis/metrics/tally.hpp"
#include "analysis/rows/pairing.hpp"
#include "analysis/rows/run.hpp"
#include "analysis/statistics/draws.hpp"

namespace litebench::analysis {

/// Columns of one variant and seed. Resampling costs time per column, so a cell has the first kPixelSums, kMainSums or kAllSums.
enum class Sum : std::uint8_t {
  intersection,
  union_,
  expressions,
  iou,
  hits,                  ///< with IoU >= 0.5
  without_target,        ///< expressions that have none
  without_target_right,  ///< of them, predicted empty
  with_target,
  with_target_right,  ///< of them, not predicted empty
};
inline constexpr std::size_t kPixelSums = 2, kMainSums = 5, kAllSums = 9;

struct Group {
  std::int16_t variant = 0, seed = 0;
  friend auto operator<=>(const Group&, const Group&) = default;
};

/// The sums of one cell (a split, or a slice of the expressions).
struct CellSums {
  std::vector<Group> groups;  ///< sorted; group g has columns g × sums … g × sums + sums − 1
  std::size_t sums = kMainSums;
  std::vector<double> expressions;  ///< of each group
  ClusterTable table;               ///< clusters by rising image id
  std::vector<std::size_t> places;  ///< of the clusters in ImageSums::images

  /// Position of a variant and seed among the groups.
  [[nodiscard]] std::optional<std::size_t> find(Group group) const;
  [[nodiscard]] std::size_t column(std::size_t group, Sum sum) const {
    return group * sums + static_cast<std::size_t>(sum);
  }
};

struct ImageSums {
  std::vector<std::uint64_t> images;  ///< of all cells, rising
  std::vector<CellSums> cells;
};

struct SumOptions {
  std::int16_t protocol = 0;
  Epsilons epsilons{};
  std::int32_t padded_ranks = 1;
  std::size_t cells = 0;
  std::size_t sums = kMainSums;
  /// Cell of a turn of a sample (index into Run::samples); −1: none.
  std::function<std::int32_t(std::size_t sample, std::int8_t turn)> cell_of;
};

/// Paired samples of one protocol; variants that are infeasible in a split are left out there.
ImageSums image_sums(const Run& run, const Pairing& pairing, const SumOptions& options);

}  // namespace litebench::analysis
