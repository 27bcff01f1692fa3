#pragma once
// What a run folder says about itself, read without a model.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace litebench::cli {

/// Bundles committed by all attempts so far; 0 for a folder that is not there. Unreadable shards
/// count nothing.
std::size_t committed_bundles(const std::filesystem::path& run);

/// A bundle that was in work when an attempt ended without a word, and how often.
struct Suspect {
  std::string bundle;  ///< "refcoco/val image 98304 (accuracy)"
  int deaths = 0;
};
/// The unfinished ones, as far as the shards that can be read name them; most deaths first.
std::vector<Suspect> suspects_of(const std::filesystem::path& run);

}  // namespace litebench::cli
