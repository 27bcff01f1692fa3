#pragma once
// A REFER data set as it lies on disk: refs(*).p joined with COCO's instances.json (upstream.md
// §8).

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace litebench::refer {

struct Image {
  std::int64_t id = 0;
  std::int32_t height = 0, width = 0;  ///< as stored, before EXIF rotation
  std::string file_name;
};

struct RleText {  ///< compressed COCO RLE with its own size
  std::int32_t height = 0, width = 0;
  std::string counts;
};

struct Annotation {
  std::int64_t id = 0, image_id = 0, category_id = 0;
  std::array<double, 4> box{};                ///< x, y, width, height in pixels
  std::vector<std::vector<double>> polygons;  ///< x0, y0, x1, y1, …
  std::vector<RleText> rles;
  bool decodable = true;  ///< false for forms the reference crashes on (§7.4, §7.5)
};

struct Sentence {
  std::int64_t sent_id = 0;
  std::string text;  ///< field `sent`, UTF-8
};

struct Ref {
  std::int64_t ref_id = 0, image_id = 0;
  std::vector<std::int64_t> ann_ids;  ///< one; several or {-1} in gRefCOCO
  std::vector<std::int64_t> category_ids;
  std::string split;
  std::vector<Sentence> sentences;
};

struct Dataset {
  std::string name;       ///< refcoco, refcoco+, refcocog, grefcoco
  std::string split_by;   ///< unc, umd
  std::vector<Ref> refs;  ///< file order
  std::unordered_map<std::int64_t, Image> images;
  std::unordered_map<std::int64_t, Annotation> annotations;
  std::unordered_map<std::int64_t, std::string> categories;
};

/// Files a data set consists of, relative to the root: the refs pickle and instances.json.
struct DatasetFiles {
  std::filesystem::path refs, instances;
};
DatasetFiles files_of(std::string_view name);  ///< throws Error{usage} with the nearest known name
/// The same with `root` before them; gRefCOCO's refs may be JSON, which is taken where there is no
/// pickle.
DatasetFiles files_in(const std::filesystem::path& root, std::string_view name);
std::vector<std::string> dataset_names();

/// Reads `root`/refcoco/… (root is the Refer_Segm folder). Annotations no ref points at are
/// skipped. Errors: io (missing), data (malformed, a ref without image or annotation).
Dataset load_dataset(const std::filesystem::path& root, std::string_view name);

/// Images live under root/coco_2014/train2014. A file name that would leave that folder is
/// Error{data}.
std::filesystem::path image_path(const std::filesystem::path& root, const Image& image);

/// `split` of a ref against the wanted one: letter for testA/testB/testC, substring for test, exact
/// for all others (§8.4).
bool in_split(std::string_view ref_split, std::string_view wanted);

struct ExpressionIndex {
  std::int32_t ref = 0, sentence = 0;
};

struct SplitImage {
  std::int64_t image_id = 0;
  std::vector<ExpressionIndex> expressions;  ///< ref order, then sentence order
};

enum class ImageOrder : std::uint8_t { sorted, cpython_set };

/// The images of a split with the expressions that belong to it. Throws Error{data} when the split
/// is empty.
std::vector<SplitImage> images_of_split(const Dataset& dataset, std::string_view split,
                                        ImageOrder order);

/// Iteration order of a CPython set of ints that were inserted in this order (upstream.md §8.6).
std::vector<std::int64_t> cpython_set_order(const std::vector<std::int64_t>& ids);

enum class GroundTruth : std::uint8_t { sum, union_ };

/// Target mask of a ref, row-major height × width. `sum`: number of polygons over each pixel
/// (uint8, §7.4); of several annotations (gRefCOCO) the bitwise or. `union_`: 0/1. Throws
/// Error{data} when an annotation cannot be decoded.
std::vector<std::uint8_t> target_mask(const Dataset& dataset, const Ref& ref, GroundTruth kind);

}  // namespace litebench::refer
