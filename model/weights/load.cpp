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

  /// `table`: of a checkpoint that another process reads, else null.
  Origin(std::string_view text, std::shared_ptr<const TensorSource> table)
      : name(text), source(std::move(table)) {
    constexpr std::string_view kRandom = "random:";
    if (text.starts_with(kRandom)) {
      random = text.substr(kRandom.size());
    } else if (!source) {
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

/// What of a file is loaded; nothing for what is unused, or optional and not there (check() has seen the required ones).
const TensorInfo* wanted(const Origin& origin, const TensorSpec& spec) {
  return spec.need == Need::unused ? nullptr : origin.source->find(spec.name);
}

std::uint64_t relayed_bytes(const Origin& origin, const Specs& specs, at::ScalarType dtype) {
  std::uint64_t bytes = 0;
  for (const auto& spec : specs) {
    if (const auto* info = wanted(origin, spec))
      bytes += room_bytes(static_cast<std::uint64_t>(info->numel()) * c10::elementSize(dtype));
  }
  return bytes;
}

std::map<std::string, at::Tensor> relayed(const Origin& origin, const Specs& specs,
                                          const LoadOptions& options) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& spec : specs) {
    const auto* info = wanted(origin, spec);
    if (info == nullptr) continue;
    const at::Tensor tensor = options.relay->room(info->shape, options.dtype);
    if (options.relay->reads()) {
      copy_to(*info, origin.source, tensor);
      if (options.check_finite && !all_finite(tensor)) refuse_value(origin, spec, options.dtype);
    }
    options.relay->pass();
    tensors.emplace(spec.name, tensor);
  }
  return tensors;
}

std::shared_ptr<const Weights> on_device(std::map<std::string, at::Tensor> tensors,
                                         at::Device device) {
  for (auto& [name, tensor] : tensors) tensor = tensor.to(device);
  return std::make_shared<const Weights>(std::move(tensors), nullptr);
}

void load_relayed(const Origin& glamm, const Specs& glamm_specs, const Origin& clip,
                  const Specs& clip_specs, const LoadOptions& options, LoadedModel& model) {
  check(glamm_specs, *glamm.source, glamm.name);
  check(clip_specs, *clip.source, clip.name);
  options.relay->begin(relayed_bytes(glamm, glamm_specs, options.dtype) +
                       relayed_bytes(clip, clip_specs, options.dtype));
  auto glamm_tensors = relayed(glamm, glamm_specs, options);
  auto clip_tensors = relayed(clip, clip_specs, options);
  options.relay->end();
  model.glamm = on_device(std::move(glamm_tensors), options.device);
  model.clip = on_device(std::move(clip_tensors), options.device);
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
  const Origin glamm_origin(glamm, options.glamm_table), clip_origin(clip, options.clip_table);
  LoadedModel model;
  model.geometry = geometry_of(glamm_origin, clip_origin);
  const Specs glamm_specs = expected_glamm(model.geometry, options.compute);
  const Specs clip_specs = expected_clip(model.geometry);
  if (options.relay != nullptr && glamm_origin.source && clip_origin.source) {
    load_relayed(glamm_origin, glamm_specs, clip_origin, clip_specs, options, model);
  } else {
    model.glamm = load(glamm_origin, glamm_specs, options);
    model.clip = load(clip_origin, clip_specs, options);
  }
  model.compute = options.compute;
  return model;
}

}  // namespace litebench::model
