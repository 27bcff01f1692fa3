#pragma once
// The reference implementation's tensors (tests/golden/tiny/README.md) as LibTorch tensors, for the tests of the model.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "base/json.hpp"
#include "model/checkpoint/tensor_source.hpp"
#include "model/image/jpeg.hpp"
#include "model/image/preprocess.hpp"
#include "model/weights/mapped_tensor.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model::golden {

inline const std::string kRoot = "tests/golden/tiny/";

/// A recorded tensor and the step of its strided record: suffix `.sK`, 1 for a full one.
struct Recorded {
  at::Tensor values;
  std::int64_t stride = 1;
};

/// One file of named tensors: integers as int64, the rest as float32.
class File {
 public:
  explicit File(const std::string& name) : source_(open_checkpoint(kRoot + "expected/" + name)) {}

  [[nodiscard]] std::optional<Recorded> find(const std::string& name) const {
    for (const std::int64_t stride : {1, 2, 4, 8, 9, 16}) {
      const auto* info = source_->find(stride == 1 ? name : fmt::format("{}.s{}", name, stride));
      if (info != nullptr) {
        const auto integer = info->dtype == DType::i32 || info->dtype == DType::u8;
        return Recorded{tensor_of(*info, source_, integer ? at::kLong : at::kFloat, at::kCPU),
                        stride};
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] at::Tensor at(const std::string& name) const { return find(name).value().values; }

 private:
  std::shared_ptr<const TensorSource> source_;
};

/// One recorded sample: a conversation about one image.
struct Sample {
  std::string name;   ///< "sample_00"
  std::string split;  ///< "refcoco|val"
  std::int64_t index = 0, image_id = 0;
  File file;

  [[nodiscard]] Decoded image() const {
    return decode_jpeg_file(fmt::format(
        "{}data/Refer_Segm/coco_2014/train2014/COCO_train2014_{:012}.jpg", kRoot, image_id));
  }
};

inline std::vector<Sample> samples() {
  const auto document = json::Document::load(kRoot + "expected/samples.json");
  std::vector<Sample> result;
  document.root().at("samples").each([&](json::Value entry) {
    const std::string file(entry.at("file").as_string());
    result.push_back({std::filesystem::path(file).stem(),
                      std::string(entry.at("split").as_string()), entry.at("index").as_int(),
                      entry.at("image_id").as_int(), File(file)});
  });
  return result;
}

inline at::Tensor as_pixels(const std::vector<float>& values, std::int64_t size,
                            at::ScalarType dtype) {
  return at::tensor(values, at::kFloat).view({3, size, size}).to(dtype);
}

inline at::Tensor clip_input(const Sample& sample, const Geometry& geometry,
                             at::ScalarType dtype = at::kFloat) {
  return as_pixels(clip_pixels(sample.image(), geometry.vision.image), geometry.vision.image,
                   dtype);
}

inline at::Tensor sam_input(const Sample& sample, const Geometry& geometry,
                            at::ScalarType dtype = at::kFloat) {
  return as_pixels(sam_pixels(sample.image(), geometry.sam.image).values, geometry.sam.image,
                   dtype);
}

/// The miniature checkpoint, loaded once per dtype and program.
inline const LoadedModel& tiny_model(at::ScalarType dtype = at::kFloat) {
  const auto load = [](at::ScalarType type) {
    return load_model(kRoot + "glamm", kRoot + "clip", {.dtype = type});
  };
  static const auto fp32 = load(at::kFloat);
  static const auto bf16 = load(at::kBFloat16);
  return dtype == at::kFloat ? fp32 : bf16;
}

/// Largest difference relative to the largest magnitude of the reference: the README's measure.
inline double relative_error(const at::Tensor& value, const at::Tensor& reference) {
  return ((value.to(at::kFloat) - reference).abs().max() / reference.abs().max()).item<double>();
}

inline double absolute_error(const at::Tensor& value, const at::Tensor& reference) {
  return (value.to(at::kFloat) - reference).abs().max().item<double>();
}

/// ‖value − reference‖ / ‖reference‖.
inline double relative_l2(const at::Tensor& value, const at::Tensor& reference) {
  return ((value.to(at::kFloat) - reference).norm() / reference.norm()).item<double>();
}

}  // namespace litebench::model::golden
