#pragma once
// Masks of other programs become a Run: the same rows, conventions, intervals and tables as litebench's own. No model.

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/rows/run.hpp"

namespace litebench::analysis {

enum class Missing : std::uint8_t {
  refuse,  ///< an expression without a prediction is an error
  empty,   ///< it counts as an empty mask
};

struct ScoreInput {
  std::vector<std::filesystem::path> predictions;  ///< one variant each, named after its file
  std::filesystem::path data_root;                 ///< Refer_Segm
  std::vector<std::string> splits;                 ///< "refcoco/val", …, all of one data set
  Missing missing = Missing::refuse;
};

/// Every expression of the splits, each a sample of its own, under two protocols: ground truth and epsilons as upstream
/// has them (overlapping polygons sum up), and strict (union, no epsilons). Throws Error{usage} for splits of several data
/// sets or two files of one name; Error{data} for predictions that are wrong (see load_predictions), of an unknown sent_id,
/// of another size than the image, or missing; Error{io}.
Run score(const ScoreInput& input);

}  // namespace litebench::analysis
