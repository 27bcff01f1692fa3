#pragma once
// Images on which pruning gained or lost most against the baseline, with kept tokens and masks.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/rows/run.hpp"

namespace litebench::analysis::report {

struct Scene {
  std::size_t expression = 0, baseline = 0;  ///< rows of /expressions
  double iou = 0, baseline_iou = 0;
  [[nodiscard]] double change() const { return iou - baseline_iou; }
};

struct Choice {
  std::size_t per_variant = 3;  ///< gains, and as many losses
  std::size_t most = 72;        ///< of all variants together
};

/// Per variant the largest gains and losses, each image at most once among either; first seed only.
std::vector<Scene> choose_scenes(const Run& run, std::int16_t baseline, const Choice& choice = {});

/// The section's HTML: a filter, cards, and each picture once. `baseline` is a variant's id; `data_root` holds the pictures,
/// "": the folder that the run recorded.
std::string gallery(const Run& run, const std::string& baseline,
                    const std::filesystem::path& data_root);

}  // namespace litebench::analysis::report
