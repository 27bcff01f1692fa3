#pragma once
// The tensors that methods from outside may look at, by name: what `litebench dump` writes, what a
// scripted module names as arguments, what a plug-in asks for. docs/outside-methods.md has the table.

#include <array>
#include <cstdint>
#include <string_view>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// In the order of the bits of plugin.h.
enum class Input : std::uint8_t {
  features,
  joint,
  text,
  cls_attention,
  queries,
  keys,
  values,
  next_queries,
  next_keys,
  next_values,
  projected
};
inline constexpr std::array<std::string_view, 11> kInputNames{
    "features", "joint",        "text",      "cls_attention", "queries",  "keys",
    "values",   "next_queries", "next_keys", "next_values",   "projected"};

/// What must be captured for it; requests add up.
void request(Input input, const model::Geometry& geometry, TapRequest& taps);

/// [rows, cols] on the compute device in the model's dtype (cls_attention: fp32).
at::Tensor get(Input input, const VisionView& vision, const QueryView& queries);

}  // namespace litebench::prune
