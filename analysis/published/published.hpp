#pragma once
// Numbers that others printed, as data files: analysis/published/*.json, installed as
// share/litebench/published.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::analysis {

struct PublishedRow {
  std::string variant;               ///< canonical id of the variant it is compared with
  std::string method;                ///< as the source calls it
  std::vector<double> ciou;          ///< shares 0…1, in the order of Published::splits
  double average = 0, relative = 0;  ///< shares 0…1
};

struct Published {
  std::string name, title, status, source,
      note;  ///< status: first-party | third-party, who vouches for the numbers
  std::vector<std::string> splits;
  std::vector<PublishedRow> rows;

  [[nodiscard]] const PublishedRow* find(std::string_view variant) const;
  /// cIoU of a row in a split; nothing when the source has no such column.
  [[nodiscard]] std::optional<double> ciou(const PublishedRow& row, std::string_view split) const;
};

/// Reads one file. Throws Error{io} or Error{data}.
Published load_published(const std::filesystem::path& file);

/// Finds `name`.json in ../share/litebench/published beside the running program.
/// Throws Error{usage} with the nearest known name.
Published find_published(std::string_view name);

}  // namespace litebench::analysis
