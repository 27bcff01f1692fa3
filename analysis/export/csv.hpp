#pragma once
// Rows as tidy CSV: one row per observation, names instead of indices, every unit in its column's name.

#include <filesystem>
#include <string>

#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// FOLDER/expressions.csv, units.csv and manifest.json (fingerprint, rows, hashes of the files). RFC 4180, UTF-8. Throws
/// Error{io}.
void export_csv(const Run& run, const std::string& fingerprint,
                const std::filesystem::path& folder);

}  // namespace litebench::analysis
