#include "analysis/rows/fingerprint.hpp"

#include <algorithm>
#include <string_view>

#include "shards/unit/keys.hpp"

namespace litebench::analysis {

Fingerprints fingerprints_of(std::vector<std::pair<std::string, std::string>> hashes) {
  // Neither times nor attempts, and no table that points at rows of those by number.
  constexpr std::string_view kAnswers[] = {"expressions", "samples", "sentences", "images",
                                           "variants",    "splits",  "protocols"};
  std::sort(hashes.begin(), hashes.end());
  unit::Parts answers;
  for (const auto& table : hashes) {
    if (std::ranges::find(kAnswers, table.first) != std::end(kAnswers)) answers.push_back(table);
  }
  return {unit::key_of(hashes), unit::key_of(answers)};
}

}  // namespace litebench::analysis
