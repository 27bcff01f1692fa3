#pragma once
// The picture of `litebench show`: one column per method; rows for kept tokens, scores and every
// expression's masks.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evaluate/scoring.hpp"
#include "harness/inspect/canvas.hpp"
#include "model/geometry.hpp"
#include "model/image/image.hpp"
#include "model/prune/token_plan.hpp"

namespace litebench::inspect {

/// What one method did with one conversation.
struct Column {
  std::string title;
  std::string problem;                   ///< not empty: why there is nothing else
  std::optional<prune::TokenPlan> plan;  ///< over CLS + patches, at the language model's input
  std::vector<std::int64_t> survivors;  ///< patches that enter the last layer, −1 for merged ones
  bool cut_in_decoder = false;          ///< survivors are fewer than the plan's tokens
  double layer_mean = 0;                ///< visual tokens a layer
  std::vector<float> scores;            ///< per patch; empty where the method has none
  std::vector<evaluate::ScoredMask> masks;  ///< per expression
};

struct Sheet {
  std::string title;
  model::Decoded picture;
  model::ClipVisionGeometry vision;
  std::int64_t mask_height = 0, mask_width = 0;
  std::vector<std::string> expressions;
  std::vector<std::vector<std::uint8_t>> targets;  ///< per expression, height × width
  std::vector<Column> columns;
};

Canvas draw(const Sheet& sheet);

}  // namespace litebench::inspect
