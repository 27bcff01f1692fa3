#pragma once
// A merged run as results.h5 (schema: analysis/README.md).

#include <filesystem>
#include <string_view>

#include "analysis/rows/fingerprint.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// Throws Error{io}. Nothing stays behind when it fails.
Fingerprints write_results(const Run& run, const std::filesystem::path& path,
                           std::string_view verdict);

}  // namespace litebench::analysis
