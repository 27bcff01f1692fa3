#pragma once
// Selection by CLS attention alone: what cls_topk, its published equals and its control share.

#include <string>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/registry.hpp"

namespace litebench::prune {

/// The whole method: they differ in name and end of the ranking.
Method cls_method(PrunerInfo info, const std::string& help, kernels::Best best);

}  // namespace litebench::prune
