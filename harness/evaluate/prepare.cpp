#include "harness/evaluate/prepare.hpp"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/measure/clock.hpp"
#include "kernels/rle/rle.hpp"
#include "model/image/jpeg.hpp"
#include "model/prune/ledger.hpp"

namespace litebench::evaluate {
namespace {

std::shared_ptr<const Target> make_target(const refer::Dataset& dataset, const refer::Ref& ref,
                                          const refer::Image& image, refer::GroundTruth kind) {
  auto target = std::make_shared<Target>();
  target->mask = refer::target_mask(dataset, ref, kind);
  target->rle =
      kernels::rle_to_string(kernels::rle_encode(target->mask.data(), image.height, image.width));
  return target;
}

/// A sentence may itself contain the text of a special token, or be longer than a row can say.
std::string prompt_problem(const std::vector<std::int64_t>& ids, std::size_t turns,
                           std::int64_t seg_token) {
  const auto images = std::count(ids.begin(), ids.end(), prune::kImagePlaceholder);
  const auto segs = std::count(ids.begin(), ids.end(), seg_token);
  if (images != 1 || segs != static_cast<std::ptrdiff_t>(turns)) {
    return fmt::format("the conversation has {} images and {} [SEG] for {} questions (a sentence "
                       "contains the text of a special token)", images, segs, turns);
  }
  if (ids.size() > std::numeric_limits<std::int16_t>::max()) {
    return fmt::format("the conversation has {} tokens", ids.size());
  }
  return "";
}

prune::SampleName name_of(const protocol::Sample& sample, const std::string& split) {
  prune::SampleName name{split, sample.image_id, {}};
  for (const protocol::Turn& turn : sample.turns) name.sent_ids.push_back(turn.sent_id);
  return name;
}

}  // namespace

Pixels load_pixels(const std::filesystem::path& root, const refer::Image& image,
                   protocol::Exif exif, const model::Geometry& geometry) {
  const auto rotation =
      exif == protocol::Exif::apply ? model::ExifRotation::apply : model::ExifRotation::ignore;
  Pixels pixels;
  const measure::Stopwatch decode;
  const model::Decoded picture = model::decode_jpeg_file(refer::image_path(root, image), rotation);
  pixels.decode_ns = decode.elapsed_ns();
  const measure::Stopwatch preprocess;
  pixels.clip = model::clip_pixels(picture, geometry.vision.image);
  pixels.sam = model::sam_pixels(picture, geometry.sam.image);
  pixels.preprocess_ns = preprocess.elapsed_ns();
  return pixels;
}

PreparedSample Preparer::prepare_sample(const refer::Dataset& dataset, const refer::Image& image,
                                        refer::GroundTruth kind, protocol::Sample sample,
                                        Targets& targets) const {
  PreparedSample prepared;
  prepared.input_ids = prompts_.conversation(sample.turns);
  prepared.turn_ends = prompts_.turn_ends(prepared.input_ids);
  prepared.error = prompt_problem(prepared.input_ids, sample.turns.size(), prompts_.seg_token());
  for (const protocol::Turn& turn : sample.turns) {
    prepared.question_ids.push_back(prompts_.clip_text(turn.question));
    prepared.expression_ids.push_back(prompts_.clip_text(turn.expression));
    auto& target = targets[turn.where.ref];
    try {
      if (!target)
        target = make_target(dataset, dataset.refs[static_cast<std::size_t>(turn.where.ref)], image,
                             kind);
      prepared.targets.push_back(target);
    } catch (const Error& error) {
      prepared.error = error.what();
      prepared.targets.push_back(std::make_shared<Target>());
    }
  }
  prepared.sample = std::move(sample);
  return prepared;
}

PreparedImage Preparer::prepare(const BundlePlan& bundle) const {
  const refer::Dataset& dataset = plan_.datasets[static_cast<std::size_t>(bundle.row.dataset)];
  const protocol::Protocol& protocol =
      config_.protocols[static_cast<std::size_t>(bundle.row.protocol)];
  PreparedImage prepared;
  prepared.image = dataset.images.at(bundle.row.image_id);
  try {
    prepared.pixels = load_pixels(config_.root, prepared.image, protocol.exif, geometry_);
  } catch (const Error& error) {
    prepared.decode_error = error.what();
  }
  Targets targets;
  for (protocol::Sample& sample : samples_of(plan_, config_, bundle)) {
    prepared.samples.push_back(
        prepare_sample(dataset, prepared.image, protocol.ground_truth, std::move(sample), targets));
    prepared.samples.back().name =
        name_of(prepared.samples.back().sample,
                plan_.splits[static_cast<std::size_t>(bundle.row.split)].name);
  }
  return prepared;
}

PreparedImage Preparer::outline(const BundlePlan& bundle) const {
  PreparedImage prepared;
  prepared.image =
      plan_.datasets[static_cast<std::size_t>(bundle.row.dataset)].images.at(bundle.row.image_id);
  const auto nothing = std::make_shared<const Target>();
  for (protocol::Sample& sample : samples_of(plan_, config_, bundle)) {
    PreparedSample outlined;
    outlined.targets.assign(sample.turns.size(), nothing);
    outlined.sample = std::move(sample);
    prepared.samples.push_back(std::move(outlined));
  }
  return prepared;
}

}  // namespace litebench::evaluate
