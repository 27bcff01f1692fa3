#include <cstdint>
#include <filesystem>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "model/checkpoint/config.hpp"
#include "model/checkpoint/expected.hpp"
#include "model/weights/mapped_tensor.hpp"
#include "model/weights/random.hpp"
#include "model/weights/weights.hpp"

namespace litebench::model {
namespace {

namespace fs = std::filesystem;

using Specs = std::vector<TensorSpec>;

/// What the user named: a checkpoint on disk or a random geometry.
struct Origin {
  std::string name;
  std::string random;                          ///< geometry name, or "" for files
  std::shared_ptr<const TensorSource> source;  ///< null for random weights

  explicit Origin(std::string_view text) : name(text) {
    constexpr std::string_view kRandom = "random:";
    if (text.starts_with(kRandom)) {
      random = text.substr(kRandom.size());
    } else {
      source = open_checkpoint(fs::path(text));
    }
  }
  /// Where config.json lies.
  fs::path folder() const {
    std::error_code ignored;
    const fs::path path(name);
    return fs::is_directory(path, ignored) ? path : path.parent_path();
  }
};

Geometry geometry_of(const Origin& glamm, const Origin& clip) {
  Geometry geometry;
  if (glamm.source) {
    read_glamm_geometry(glamm.folder(), *glamm.source, geometry);
  } else {
    geometry = named_geometry(glamm.random);
  }
  if (clip.source) {
    read_clip_geometry(clip.folder(), *clip.source, geometry);
  } else {
    const auto select_layer = geometry.vision.select_layer;
    auto named = named_geometry(clip.random);
    geometry.vision = std::move(named.vision);
    geometry.text = std::move(named.text);
    geometry.vision.select_layer = select_layer;
  }
  return geometry;
}

[[noreturn]] void refuse_value(const Origin& origin, const TensorSpec& spec, at::ScalarType dtype) {
  throw Error(ExitCode::data,
              fmt::format("tensor {} of {} holds NaN or infinity", spec.name, origin.name),
              fmt::format("as {}; every mask would be meaningless", c10::toString(dtype)),
              "download the checkpoint again");
}

std::shared_ptr<const Weights> load(const Origin& origin, const Specs& specs,
                                    const LoadOptions& options) {
  if (origin.source) check(specs, *origin.source, origin.name);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& spec : specs) {
    if (spec.need == Need::unused) continue;
    at::Tensor tensor;
    if (!origin.source) {
      tensor = random_tensor(spec, origin.random, options.dtype, options.device);
    } else if (const auto* info = origin.source->find(spec.name)) {
      tensor = tensor_of(*info, origin.source, options.dtype, options.device);
      if (options.check_finite && !all_finite(tensor)) refuse_value(origin, spec, options.dtype);
    } else {
      continue;  // optional; check() has seen the required ones
    }
    tensors.emplace(spec.name, std::move(tensor));
  }
  return std::make_shared<const Weights>(std::move(tensors), origin.source);
}

}  // namespace

LoadedModel load_model(std::string_view glamm, std::string_view clip, const LoadOptions& options) {
  const Origin glamm_origin(glamm), clip_origin(clip);
  LoadedModel model;
  model.geometry = geometry_of(glamm_origin, clip_origin);
  model.glamm = load(glamm_origin, expected_glamm(model.geometry, options.compute), options);
  model.clip = load(clip_origin, expected_clip(model.geometry), options);
  model.compute = options.compute;
  return model;
}

}  // namespace litebench::model
