#pragma once
// Masks that some program made, as JSON.
//
//   [{"sent_id": 7, "segmentation": {"size": [height, width], "counts": "…"}}, …]      a list, in any order
//   {"7": {"size": [height, width], "counts": [12, 3, …]}, …}                          or an object by sent_id
//
// `counts` is COCO's compressed string or its list of run lengths (column by column, background first); `segmentation`
// may be null where nothing was found. Other members are ignored.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/rle/rle.hpp"

namespace litebench::analysis {

struct Prediction {
  std::int64_t sent_id = 0;
  std::optional<kernels::Rle> mask;  ///< nothing: nothing was found
};

/// `name` stands in messages. Throws Error{data} that names the first entry that is wrong and why: no JSON, no sent_id, an
/// entry given twice, a run-length code that is corrupt or does not fill its size.
std::vector<Prediction> parse_predictions(std::string_view json, std::string_view name);
std::vector<Prediction> load_predictions(const std::filesystem::path& file);  ///< Error{io} too

}  // namespace litebench::analysis
