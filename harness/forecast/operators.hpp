#pragma once
// Which operators a forecast is made of, and their measurement.
//
// name            features of a shape                          unit
// decode          1, pixels of the picture                     s
// preprocess      1, pixels of the picture                     s
// clip:TAPS       1                                            s
// text            CLIP texts, their tokens                     s
// select:VARIANT  1                                            s
// project         1, rows                                      s
// splice          sequences, rows                              s
// llm.last        packs, sequences, Σ rows, Σ rows²            s, embedding and lean last layer
// llm.inner       the same                                     s, any other layer
// sam             1, windowed blocks, global blocks            s
// mask            calls, prompts; of many prompts              s
// mask:few        calls, prompts; of few, decoded another way  s
// post            expressions, expressions × pixels            s
// clip.bytes:TAPS, clip.kept:TAPS, sam.bytes      1            bytes: peak, what stays, peak
// llm.bytes       1, Σ rows, largest rows²                     bytes, peak
// mask.bytes, mask.bytes:few                      1, prompts   bytes, peak
//
// With the reference's dead work (kUpstream behind the name): clip, clip.bytes, mask, mask.bytes as above,
// llm.last, llm.inner of one sequence and all rows, llm.bytes without the hidden states that stay.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/forecast/rates.hpp"
#include "harness/forecast/reduced.hpp"
#include "harness/measure/device.hpp"

namespace litebench::forecast {

inline constexpr std::string_view kUpstream = ":upstream";

struct Subject {
  const config::Config& config;
  const evaluate::Plan& plan;
  const std::vector<evaluate::PlannedMethod>& methods;
  const model::Geometry& geometry;  ///< of the run's model
  const evaluate::Prompts& prompts;
  measure::Device& device;
};

/// What mask logits of so many prompts at once cost: the names of their time and of their memory.
struct MaskNames {
  std::string seconds, bytes;
};
MaskNames mask_names(std::int64_t prompts);

/// Names without points in `rates` that `subject` needs.
std::vector<std::string> missing(const Rates& rates, const Subject& subject);

/// Measures what is missing on pictures of the plan and a model of random weights, `reduced` in
/// depth. Takes some `seconds` beside making the weights and one warm-up of everything. Throws
/// Error{data} when none of the pictures can be read.
void measure_missing(Rates& rates, const Subject& subject, const Reduced& reduced, double seconds);

}  // namespace litebench::forecast
