#include "harness/cli/published_counts.hpp"

#include <array>
#include <utility>

namespace litebench::cli {
namespace {

constexpr std::array<std::pair<std::string_view, SplitCounts>, 11> kPublished{{
    {"refcoco/train", {16'994, 42'404, 120'624}},
    {"refcoco/val", {1'500, 3'811, 10'834}},
    {"refcoco/testA", {750, 1'975, 5'657}},
    {"refcoco/testB", {750, 1'810, 5'095}},
    {"refcoco+/train", {16'992, 42'278, 120'191}},
    {"refcoco+/val", {1'500, 3'805, 10'758}},
    {"refcoco+/testA", {750, 1'975, 5'726}},
    {"refcoco+/testB", {750, 1'798, 4'889}},
    {"refcocog/train", {21'899, 42'226, 80'512}},
    {"refcocog/val", {1'300, 2'573, 4'896}},
    {"refcocog/test", {2'600, 5'023, 9'602}},
}};

}  // namespace

std::optional<SplitCounts> published_counts(std::string_view split) {
  for (const auto& [name, counts] : kPublished) {
    if (name == split) return counts;
  }
  return std::nullopt;
}

}  // namespace litebench::cli
