#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "kernels/rle/rle.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::refer {
namespace {

using kernels::Rle;

[[noreturn]] void refuse(const Annotation& annotation, std::string_view reason) {
  throw Error(
      ExitCode::data,
      fmt::format("cannot draw annotation {} of image {}", annotation.id, annotation.image_id),
      reason, "fetch instances.json again, or leave the ref out");
}

/// Adds each polygon or RLE of the annotation to `mask`.
void add_to(const Annotation& annotation, const Image& image, std::vector<std::uint8_t>& mask) {
  if (!annotation.decodable) {
    refuse(annotation, "its segmentation is neither polygons of three vertices nor compressed RLE");
  }
  for (const auto& polygon : annotation.polygons) {
    const auto rle = kernels::rle_from_polygon(polygon, image.height, image.width);
    if (!rle) refuse(annotation, "a coordinate of its polygon is out of range");
    kernels::rle_add_to(*rle, mask.data());
  }
  for (const RleText& text : annotation.rles) {
    const bool same_size = text.height == image.height && text.width == image.width;
    const auto rle = kernels::rle_from_string(text.counts, text.height, text.width);
    if (!same_size || !rle) {
      refuse(annotation, fmt::format("RLE out of range: size {} x {} in an image of {} x {}",
                                     text.height, text.width, image.height, image.width));
    }
    kernels::rle_add_to(*rle, mask.data());
  }
}

}  // namespace

std::vector<std::uint8_t> target_mask(const Dataset& dataset, const Ref& ref, GroundTruth kind) {
  const Image& image = dataset.images.at(ref.image_id);
  const auto pixels =
      static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width);
  std::vector<std::uint8_t> target(pixels), one(pixels);
  // gRefCOCO: -1 anywhere means that the expression has no target.
  if (std::ranges::find(ref.ann_ids, -1) != ref.ann_ids.end()) return target;
  for (const std::int64_t id : ref.ann_ids) {
    std::ranges::fill(one, 0);
    add_to(dataset.annotations.at(id), image, one);
    for (std::size_t i = 0; i < pixels; ++i) target[i] |= one[i];
  }
  if (kind == GroundTruth::union_) {
    for (std::uint8_t& count : target) count = count > 0 ? 1 : 0;
  }
  return target;
}

}  // namespace litebench::refer
