#pragma once
// Everything of a bundle that needs no model: picture, prompts, token ids, target masks. Runs on a
// helper thread while the bundle before is computed.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/prompts.hpp"
#include "model/geometry.hpp"
#include "model/image/preprocess.hpp"
#include "model/prune/pruner.hpp"

namespace litebench::evaluate {

struct Target {
  std::vector<std::uint8_t>
      mask;         ///< height × width of the image row; 2 and more where polygons overlap
  std::string rle;  ///< COCO compressed RLE of (mask > 0)
};

struct PreparedSample {
  protocol::Sample sample;
  prune::SampleName name;
  std::vector<std::int64_t> input_ids;                    ///< the image as one placeholder
  std::vector<std::int64_t> turn_ends;                    ///< among input_ids, before each answer
  std::vector<std::vector<std::int64_t>> question_ids;    ///< CLIP ids of the Q questions
  std::vector<std::vector<std::int64_t>> expression_ids;  ///< CLIP ids of the Q bare expressions
  std::vector<std::shared_ptr<const Target>> targets;     ///< Q
  /// Not empty: why the sample cannot be evaluated (its target cannot be drawn, its text breaks the
  /// prompt); its units become failed_sample.
  std::string error;
};

/// The two inputs of the model and what making them cost.
struct Pixels {
  std::vector<float> clip;  ///< [3, image, image] of the CLIP geometry
  model::SamPixels sam;
  std::int64_t decode_ns = 0, preprocess_ns = 0;
};

/// Throws Error{io, data} when the picture is missing, damaged or too thin.
Pixels load_pixels(const std::filesystem::path& root, const refer::Image& image,
                   protocol::Exif exif, const model::Geometry& geometry);

struct PreparedImage {
  refer::Image image;
  Pixels pixels;
  std::vector<PreparedSample> samples;
  std::string decode_error;  ///< not empty: no pixels, every unit becomes failed_decode
};

/// Thread-safe. The references must outlive it.
class Preparer {
 public:
  Preparer(const config::Config& config, const Plan& plan, const model::Geometry& geometry,
           const Prompts& prompts)
      : config_(config), plan_(plan), geometry_(geometry), prompts_(prompts) {}

  /// A damaged picture or one that is not there is a result (decode_error): the run goes on without
  /// it.
  [[nodiscard]] PreparedImage prepare(const BundlePlan& bundle) const;
  /// Which image and which sentences, without opening, decoding or drawing anything.
  [[nodiscard]] PreparedImage outline(const BundlePlan& bundle) const;

 private:
  /// By ref: several sentences share one.
  using Targets = std::map<std::int32_t, std::shared_ptr<const Target>>;
  [[nodiscard]] PreparedSample prepare_sample(const refer::Dataset& dataset,
                                              const refer::Image& image, refer::GroundTruth kind,
                                              protocol::Sample sample, Targets& targets) const;

  const config::Config& config_;
  const Plan& plan_;
  const model::Geometry& geometry_;
  const Prompts& prompts_;
};

}  // namespace litebench::evaluate
