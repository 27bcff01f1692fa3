#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "kernels/rle/rle.hpp"
#include "shards/refer/readers.hpp"

namespace litebench::refer {
namespace {

/// Sizes beyond 32 bits become 0, which no mask has.
std::int32_t size_of(json::Value value) {
  const std::int64_t size = value.as_int();
  return size == static_cast<std::int32_t>(size) ? static_cast<std::int32_t>(size) : 0;
}

Image read_image(json::Value item, const std::string& file) {
  Image image{.id = item.at("id").as_int(),
              .height = size_of(item.at("height")),
              .width = size_of(item.at("width")),
              .file_name = std::string(item.at("file_name").as_string())};
  if (!kernels::rle_size_ok(image.height, image.width)) {
    throw Error(ExitCode::data, fmt::format("image {} of {} has no usable size", image.id, file),
                fmt::format("height {} and width {} give no mask of at most {} pixels",
                            image.height, image.width, kernels::kRleMaxPixels),
                "fetch instances.json again");
  }
  return image;
}

RleText read_rle(json::Value item) {
  RleText rle{.counts = std::string(item.at("counts").as_string())};
  std::size_t axis = 0;
  item.at("size").each(
      [&](json::Value size) { (axis++ == 0 ? rle.height : rle.width) = size_of(size); });
  if (axis != 2) rle.height = rle.width = 0;
  return rle;
}

/// pycocotools takes a list whose first polygon has four numbers for boxes and refuses fewer; later
/// polygons need a vertex.
bool drawable(const std::vector<std::vector<double>>& polygons) {
  return polygons.empty() ||
         (polygons.front().size() > 4 &&
          std::ranges::all_of(polygons, [](const auto& xy) { return xy.size() >= 2; }));
}

/// Polygons, or compressed RLE dicts; what else COCO files hold sets `decodable` to false.
void read_segmentation(json::Value segmentation, Annotation& annotation) {
  if (!segmentation.is_array()) {
    annotation.decodable = segmentation.is_object() && segmentation.size() == 0;
    return;
  }
  segmentation.each([&](json::Value item) {
    if (item.is_array()) {
      std::vector<double>& polygon = annotation.polygons.emplace_back();
      item.each([&](json::Value number) { polygon.push_back(number.as_double()); });
    } else if (item.is_object() && item.at("counts").is_string()) {
      annotation.rles.push_back(read_rle(item));
    } else {
      annotation.decodable = false;
    }
  });
  const bool mixed = !annotation.polygons.empty() && !annotation.rles.empty();
  if (mixed || !drawable(annotation.polygons)) annotation.decodable = false;
}

Annotation read_annotation(json::Value item, std::int64_t id) {
  Annotation annotation{.id = id,
                        .image_id = item.at("image_id").as_int(),
                        .category_id = item.at("category_id").as_int()};
  if (const auto box = item.find("bbox")) {
    std::size_t i = 0;
    box->each([&](json::Value number) {
      if (i < annotation.box.size()) annotation.box[i++] = number.as_double();
    });
  }
  read_segmentation(item.at("segmentation"), annotation);
  return annotation;
}

}  // namespace

void read_instances(const std::filesystem::path& path,
                    const std::unordered_set<std::int64_t>& wanted, Dataset& dataset) {
  const json::Document document = json::Document::load(path);
  document.root().at("images").each([&](json::Value item) {
    Image image = read_image(item, path.string());
    dataset.images.insert_or_assign(image.id, std::move(image));
  });
  document.root().at("annotations").each([&](json::Value item) {
    const std::int64_t id = item.at("id").as_int();
    // Three of four annotations are never referred to; their polygons are most of the file.
    if (wanted.contains(id)) dataset.annotations.insert_or_assign(id, read_annotation(item, id));
  });
  document.root().at("categories").each([&](json::Value item) {
    dataset.categories.insert_or_assign(item.at("id").as_int(),
                                        std::string(item.at("name").as_string()));
  });
}

}  // namespace litebench::refer
