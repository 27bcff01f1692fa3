// tower_probe CLIP_FOLDER INPUT OUTPUT: runs both CLIP towers on the tensors `pixels` [3, S, S] and `ids.<n>` [L] of the
// safetensors file INPUT and writes `hidden.<l>`, `joint`, `cls_attention.<e>` and `text.<n>` to OUTPUT.

#include <exception>
#include <map>
#include <string>

#include <c10/core/InferenceMode.h>
#include <fmt/core.h>
#include <fmt/format.h>

#include "model/checkpoint/safetensors_writer.hpp"
#include "model/clip/text.hpp"
#include "model/clip/vision.hpp"
#include "model/weights/mapped_tensor.hpp"

namespace {

using namespace litebench::model;

VisionTaps everything(const ClipVisionGeometry& geometry) {
  VisionTaps taps;
  taps.joint = true;
  for (std::int64_t e = 0; e < geometry.layers; ++e) {
    taps.layers.push_back({.layer = e, .cls_row = true});
    taps.hidden.push_back(e);
  }
  taps.hidden.push_back(geometry.layers);
  return taps;
}

void write(const std::string& path, const std::map<std::string, at::Tensor>& tensors) {
  std::vector<PlannedTensor> planned;
  for (const auto& [name, tensor] : tensors) {
    planned.push_back({name, DType::f32, tensor.sizes().vec()});
  }
  write_safetensors(path, planned, [&](const PlannedTensor& plan, const ByteSink& sink) {
    const auto dense = tensors.at(plan.name).contiguous();
    sink({static_cast<const std::byte*>(dense.data_ptr()), plan.bytes()});
  });
}

void probe(const std::string& clip, const std::string& input, const std::string& output) {
  const c10::InferenceMode guard;
  // The towers belong to a pair; GLaMM's half may be any.
  const auto model = load_model("random:tiny", clip, {});
  const std::shared_ptr<const TensorSource> source = open_checkpoint(input);
  std::map<std::string, at::Tensor> results;
  const ClipText text(*model.clip, model.geometry.text);
  for (const auto& info : source->tensors()) {
    if (info.name.starts_with("ids.")) {
      const auto ids = tensor_of(info, source, at::kLong, at::kCPU);
      results["text." + info.name.substr(4)] =
          text.embed({ids.data_ptr<std::int64_t>(), static_cast<std::size_t>(ids.numel())});
    }
  }
  const ClipVision vision(*model.clip, model.geometry.vision);
  const auto pixels = tensor_of(*source->find("pixels"), source, at::kFloat, at::kCPU);
  const auto features = vision.forward(pixels, everything(model.geometry.vision));
  results["joint"] = features.joint;
  for (const auto& [l, hidden] : features.hidden) {
    results[fmt::format("hidden.{}", l)] = hidden;
  }
  for (const auto& [e, tap] : features.layers) {
    results[fmt::format("cls_attention.{}", e)] = tap.cls_attention;
  }
  write(output, results);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: tower_probe CLIP_FOLDER INPUT OUTPUT\n");
    return 64;
  }
  try {
    probe(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 65;
  }
  return 0;
}
