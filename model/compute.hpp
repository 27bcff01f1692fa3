#pragma once
// How much of the reference's work a run does.

#include <cstdint>
#include <string_view>

namespace litebench::model {

enum class Compute : std::uint8_t {
  lean,      ///< what the masks need
  upstream,  ///< also what the reference computes, or keeps in memory, and never looks at (upstream.md §10 row 19)
};

constexpr std::string_view name_of(Compute compute) {
  return compute == Compute::lean ? "lean" : "upstream";
}

}  // namespace litebench::model
