#pragma once
// Sizes of the published splits (upstream.md §8.5), to tell a complete download from a partial one.

#include <cstdint>
#include <optional>
#include <string_view>

namespace litebench::cli {

struct SplitCounts {
  std::int64_t images = 0, refs = 0, sentences = 0;
  bool operator==(const SplitCounts&) const = default;
};

/// `split` as "refcoco/val"; nothing for a split without published counts.
std::optional<SplitCounts> published_counts(std::string_view split);

}  // namespace litebench::cli
