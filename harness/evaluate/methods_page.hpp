#pragma once
// docs/methods.md, made from the registry, so that the page cannot say anything else than the program.

#include <string>

#include "model/prune/registry.hpp"

namespace litebench::evaluate {

/// Markdown: one section per method, in the registry's order. Costs and budgets are those of
/// GLaMM-7B at 192 tokens.
std::string methods_page(const prune::Registry& registry);

}  // namespace litebench::evaluate
