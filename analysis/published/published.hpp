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
  std::string variant;             ///< canonical id of the variant it is compared with
  std::string method;              ///< as the source calls it
  std::vector<double> ciou;        ///< shares 0…1, in the order of Published::splits
  double average = 0;              ///< share 0…1; of the columns where the source prints none
  std::optional<double> relative;  ///< to the unpruned model, share 0…1; where the source prints it
  std::string status, source;      ///< its own where it has one, else the file's
};

/// A printed number that is no cIoU of a split: times, other tasks, other models.
struct PublishedFigure {
  std::string quantity, unit;   ///< "prefill time", "ms"
  std::string method, variant;  ///< variant: empty where litebench has no equal
  std::int64_t tokens = 0;      ///< 0: not a matter of tokens
  double value = 0;             ///< as printed
  std::string status, source;   ///< its own where it has one, else the file's
};

struct Published {
  std::string name, title, source, note;
  /// Who vouches for the numbers. first-party: the authors; third-party: somebody who ran it;
  /// unverified: copied from a text about the source, which was not seen.
  std::string status;
  std::vector<std::string> splits;
  std::vector<PublishedRow> rows;
  std::vector<PublishedFigure> figures;

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
