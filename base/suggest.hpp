#pragma once
// "did you mean": the known word nearest to a mistyped one.

#include <span>
#include <string>
#include <string_view>

namespace litebench {

/// The candidate with the smallest edit distance, or "" when none is near (distance above a third of the length, at least 2).
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace litebench
