#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "shards/refer/readers.hpp"

namespace litebench::refer {
namespace {

struct Known {
  std::string_view name, split_by, refs;
};
constexpr std::array<Known, 4> kKnown{{{"refcoco", "unc", "refs(unc).p"},
                                       {"refcoco+", "unc", "refs(unc).p"},
                                       {"refcocog", "umd", "refs(umd).p"},
                                       {"grefcoco", "unc", "grefs(unc).p"}}};
constexpr std::int64_t kNoTarget = -1;

const Known& known(std::string_view name) {
  const auto* found = std::ranges::find(kKnown, name, &Known::name);
  if (found != kKnown.end()) return *found;
  const auto names = dataset_names();
  const std::string near = nearest(name, names);
  throw Error(ExitCode::usage, fmt::format("unknown data set \"{}\"", name),
              fmt::format("known are {}", fmt::join(names, ", ")),
              near.empty() ? "check [data] splits" : fmt::format("did you mean {}?", near));
}

[[noreturn]] void refuse(const Ref& ref, const DatasetFiles& files, std::string_view reason) {
  throw Error(ExitCode::data,
              fmt::format("{} and {} do not belong together", files.refs.string(),
                          files.instances.string()),
              fmt::format("ref {}: {}", ref.ref_id, reason),
              "fetch both files of the data set from one place");
}

void check_references(const Dataset& dataset, const DatasetFiles& files) {
  for (const Ref& ref : dataset.refs) {
    if (!dataset.images.contains(ref.image_id))
      refuse(ref, files, fmt::format("there is no image {}", ref.image_id));
    for (const std::int64_t id : ref.ann_ids) {
      if (id == kNoTarget) continue;
      const auto found = dataset.annotations.find(id);
      if (found == dataset.annotations.end())
        refuse(ref, files, fmt::format("there is no annotation {}", id));
      if (found->second.image_id != ref.image_id) {
        refuse(ref, files,
               fmt::format("annotation {} belongs to image {}, not {}", id, found->second.image_id,
                           ref.image_id));
      }
    }
  }
}

}  // namespace

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const Known& entry : kKnown) names.emplace_back(entry.name);
  return names;
}

DatasetFiles files_of(std::string_view name) {
  const Known& entry = known(name);
  const std::filesystem::path folder(entry.name);
  return {folder / entry.refs, folder / "instances.json"};
}

DatasetFiles files_in(const std::filesystem::path& root, std::string_view name) {
  DatasetFiles files = files_of(name);
  files = {root / files.refs, root / files.instances};
  auto as_json = files.refs;
  as_json.replace_extension(".json");
  std::error_code ignored;
  if (!std::filesystem::exists(files.refs, ignored) && std::filesystem::exists(as_json, ignored))
    files.refs = as_json;
  return files;
}

Dataset load_dataset(const std::filesystem::path& root, std::string_view name) {
  const DatasetFiles files = files_in(root, name);
  Dataset dataset;
  dataset.name = name;
  dataset.split_by = known(name).split_by;
  dataset.refs = read_refs(files.refs);
  std::unordered_set<std::int64_t> wanted;
  for (const Ref& ref : dataset.refs) wanted.insert(ref.ann_ids.begin(), ref.ann_ids.end());
  read_instances(files.instances, wanted, dataset);
  check_references(dataset, files);
  return dataset;
}

std::filesystem::path image_path(const std::filesystem::path& root, const Image& image) {
  const std::filesystem::path name(image.file_name);
  const bool plain =
      !name.empty() && !name.has_root_path() && image.file_name.find('\0') == std::string::npos &&
      std::ranges::none_of(name, [](const auto& part) { return part == ".." || part == "."; });
  if (!plain) {
    throw Error(ExitCode::data,
                fmt::format("image {} has the file name {:?}", image.id, image.file_name),
                "it would lead out of the folder of images",
                "use an instances.json from a source you trust");
  }
  return root / "coco_2014" / "train2014" / name;
}

}  // namespace litebench::refer
