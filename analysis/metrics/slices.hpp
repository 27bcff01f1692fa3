#pragma once
// Expressions by what they refer to and how they are worded.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/metrics/image_sums.hpp"
#include "analysis/metrics/inference.hpp"
#include "analysis/rows/run.hpp"

namespace litebench::analysis {

/// A division of all sentences into classes.
struct Slicing {
  std::string name;
  std::vector<std::string> classes;
  std::vector<std::int32_t> of_sentence;  ///< class of each row of Run::sentences; −1: none
};

/// By name:
///   size      area of the target in pixels of the original image, as COCO: small < 32², medium < 96², large; no target
///   words     "left" or "right" alone, another word of place, none of these
///   length    1–2, 3–4, 5–8, 9 and more words
///   category  category_id of the annotation, as COCO's name where it is one of COCO's 80
Slicing slice_by(const Run& run, std::string_view name);

/// cIoU of every class and variant, over all splits of a protocol. [classes][variants]
std::vector<std::vector<CellEstimate>> estimate_slices(const Run& run, const Pairing& pairing,
                                                       const Slicing& slicing, SumOptions sums,
                                                       const InferenceOptions& options);

/// Words as runs of letters and digits, in lower case (ASCII); other letters count as letters.
std::vector<std::string> words_of(std::string_view text);

std::string category_name(std::int64_t category_id);

}  // namespace litebench::analysis
