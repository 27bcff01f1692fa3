#include <algorithm>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::refer {
namespace {

[[noreturn]] void refuse_empty(const Dataset& dataset, std::string_view split) {
  std::set<std::string_view> present;
  for (const Ref& ref : dataset.refs) present.insert(ref.split);
  throw Error(ExitCode::data, fmt::format("split {}/{} is empty", dataset.name, split),
              fmt::format("refs have the splits: {}", fmt::join(present, ", ")),
              "check [data] splits");
}

}  // namespace

bool in_split(std::string_view ref_split, std::string_view wanted) {
  if (wanted == "testA" || wanted == "testB" || wanted == "testC")
    return ref_split.find(wanted.back()) != std::string_view::npos;
  if (wanted == "test") return ref_split.find("test") != std::string_view::npos;
  return ref_split == wanted;
}

std::vector<SplitImage> images_of_split(const Dataset& dataset, std::string_view split,
                                        ImageOrder order) {
  std::vector<std::int64_t> ids;  // with repetitions, in ref order
  std::unordered_map<std::int64_t, SplitImage> images;
  for (std::size_t r = 0; r < dataset.refs.size(); ++r) {
    const Ref& ref = dataset.refs[r];
    if (!in_split(ref.split, split)) continue;
    ids.push_back(ref.image_id);
    SplitImage& image = images[ref.image_id];
    image.image_id = ref.image_id;
    for (std::size_t s = 0; s < ref.sentences.size(); ++s) {
      image.expressions.push_back({static_cast<std::int32_t>(r), static_cast<std::int32_t>(s)});
    }
  }
  if (ids.empty()) refuse_empty(dataset, split);
  std::vector<std::int64_t> ordered = cpython_set_order(ids);
  if (order == ImageOrder::sorted) std::ranges::sort(ordered);
  std::vector<SplitImage> result;
  for (const std::int64_t id : ordered) result.push_back(std::move(images.at(id)));
  return result;
}

}  // namespace litebench::refer
