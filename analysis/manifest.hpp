#pragma once
// tables/manifest.json: which rows and options the files beside it were made from.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace litebench::analysis {

struct Manifest {
  std::string fingerprint, answers;  ///< of results.h5, see rows/write_results.hpp
  std::vector<std::pair<std::string, std::string>>
      made_with;  ///< options of the reducer and its version, in fixed order
  std::vector<std::pair<std::string, std::string>> files;  ///< name, XXH3-64 of the bytes as hex

  /// Value in made_with, or "".
  [[nodiscard]] std::string option(std::string_view name) const;
};

std::string to_json(const Manifest& manifest);
/// Throws Error{io} when there is no file, Error{data} when it is no manifest.
Manifest read_manifest(const std::filesystem::path& file);

/// 16 hex digits.
std::string hash_text(std::string_view bytes);

}  // namespace litebench::analysis
