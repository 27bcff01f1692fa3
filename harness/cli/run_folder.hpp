#pragma once
// What a run folder says about itself, read without a model.

#include <cstddef>
#include <filesystem>

namespace litebench::cli {

/// Bundles committed by all attempts so far; 0 for a folder that is not there. Unreadable shards
/// count nothing.
std::size_t committed_bundles(const std::filesystem::path& run);

}  // namespace litebench::cli
