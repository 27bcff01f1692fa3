#pragma once
// Two scripts for one paper's cIoU rarely agree. These are the ways in which they differ, computed from the same rows.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/rows/pairing.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis {

struct Convention {
  std::string_view name, heading, meaning;
};
inline constexpr std::size_t kConventions = 10;
std::span<const Convention, kConventions> conventions();

struct ConventionValues {
  using Values =
      std::array<std::optional<double>, kConventions>;  ///< in the order of conventions()
  std::size_t splits = 0, variants = 0;
  std::vector<Values> values;

  [[nodiscard]] const Values& at(std::size_t protocol, std::size_t split,
                                 std::size_t variant) const {
    return values[(protocol * splits + split) * variants + variant];
  }
};

/// Paired samples, each once; means over seeds.
ConventionValues count_by_conventions(const Run& run, const Pairing& pairing);

}  // namespace litebench::analysis
