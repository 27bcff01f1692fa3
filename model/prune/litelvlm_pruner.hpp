#pragma once
// LiteLVLM's rule with a choice of what fills the places that the similarity sets leave: LiteLVLM
// itself and its ablations.

#include <string>

#include "model/prune/registry.hpp"

namespace litebench::prune {

enum class Filler : std::uint8_t {
  context,  ///< highest context score, as published
  cls,      ///< highest CLS attention
  random,   ///< by lot
};

/// The whole method, with the variants of the rule as its option.
Method litelvlm_method(PrunerInfo info, const std::string& help, Filler filler);

}  // namespace litebench::prune
