#pragma once
// The sizes that a bundle's cost depends on.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/prompts.hpp"
#include "harness/evaluate/sequences.hpp"

namespace litebench::forecast {

/// CLIP texts of one kind.
struct TextShape {
  std::int64_t texts = 0, tokens = 0, longest = 0;
};

/// One conversation.
struct SampleShape {
  std::int64_t text_rows = 0;  ///< ids beside the image
  /// Of them, those up to the last [SEG] state: lean prefill ends there.
  std::int64_t seen_rows = 0;
  std::int64_t turns = 0;
  TextShape question, expression;
};

/// One image.
struct BundleShape {
  std::int64_t pixels = 0;
  std::vector<SampleShape> samples;
};

BundleShape shape_of(const evaluate::Plan& plan, const config::Config& config,
                     const evaluate::Prompts& prompts, const evaluate::BundlePlan& bundle);

/// One variant under one protocol.
struct VariantShape {
  std::string id;
  bool feasible = true;
  bool merges = false;      ///< its tokens go through the projector by themselves
  /// Layers up to the last cut of a method that looks at the rows behind the last [SEG] state: they stay so long.
  std::size_t tail_layers = 0;
  bool projected = false;   ///< looks at all projected patches
  /// Visual rows per decoder layer; all where the image decides.
  std::vector<std::int64_t> entering;
  evaluate::TextKind text = evaluate::TextKind::none;
  std::string taps;  ///< what it wants to see of the vision tower, in one word

  /// Rows of the conversation entering `layer`.
  [[nodiscard]] std::int64_t rows(std::size_t layer, const SampleShape& sample) const {
    return entering[layer] + (layer < tail_layers ? sample.text_rows : sample.seen_rows);
  }
  /// The same where nothing is left out.
  [[nodiscard]] std::int64_t all_rows(std::size_t layer, const SampleShape& sample) const {
    return entering[layer] + sample.text_rows;
  }
};

VariantShape shape_of(const evaluate::PlannedMethod& method, const model::Geometry& geometry,
                      const protocol::Protocol& protocol);

std::string name_of(const model::VisionTaps& taps);

}  // namespace litebench::forecast
