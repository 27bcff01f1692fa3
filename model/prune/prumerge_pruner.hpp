#pragma once
// LLaVA-PruMerge and PruMerge+: they differ in where the kept patches come from.

#include <string>

#include "model/prune/registry.hpp"

namespace litebench::prune {

enum class PruMergeKind : std::uint8_t {
  attention,  ///< N − 1 patches by attention
  plus,       ///< a quarter of them by attention, the others evenly spaced
};

/// The whole method.
Method prumerge_method(const std::string& id, const std::string& title, const std::string& help,
                       PruMergeKind kind);

}  // namespace litebench::prune
