// The geometries that have names. Beside the checkpoint readers, so that `list geometries` needs no LibTorch.

#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "model/geometry.hpp"

namespace litebench::model {
namespace {

/// True shapes: the defaults of the structs (upstream.md §1).
Geometry glamm_7b() { return {.name = "glamm-7b"}; }

/// Large enough that GEMMs dominate, small enough for a CPU: what the ratios of tests/bench are measured on.
Geometry mid() {
  return {
      .name = "mid",
      .vision = {.hidden = 512, .layers = 12, .heads = 8, .mlp = 2048, .projection = 512},
      .text = {.hidden = 512, .layers = 6, .heads = 8, .mlp = 2048, .projection = 512},
      .llama = {.hidden = 512, .layers = 8, .heads = 8, .mlp = 1376, .vocab = 1007},
      .sam = {.dim = 384, .depth = 8, .heads = 6, .mlp = 1536, .global_blocks = {1, 3, 5, 7}},
  };
}

/// The sizes of tests/golden/tiny.
Geometry tiny() {
  return {
      .name = "tiny",
      .vision = {.hidden = 64, .layers = 5, .heads = 4, .mlp = 160, .projection = 48},
      .text = {.hidden = 48, .layers = 3, .heads = 4, .mlp = 128, .vocab = 2914, .projection = 48},
      .llama = {.hidden = 64, .layers = 3, .heads = 4, .mlp = 176, .vocab = 1007, .out_dim = 64},
      .sam = {.image = 512,
              .dim = 48,
              .depth = 4,
              .heads = 4,
              .mlp = 192,
              .global_blocks = {1, 3},
              .out = 64,
              .decoder_mlp = 256,
              .iou_hidden = 64},
  };
}

constexpr std::array<std::pair<std::string_view, Geometry (*)()>, 3> kGeometries = {{
    {"glamm-7b", glamm_7b},
    {"mid", mid},
    {"tiny", tiny},
}};

}  // namespace

Geometry named_geometry(std::string_view name) {
  for (const auto& [known, make] : kGeometries)
    if (known == name) return make();
  const auto names = geometry_names();
  const auto near = nearest(name, names);
  throw Error(ExitCode::usage, fmt::format("there is no geometry '{}'", name),
              "random weights need one of the known sizes",
              near.empty() ? "use glamm-7b, mid or tiny" : fmt::format("did you mean {}?", near));
}

std::vector<std::string> geometry_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : kGeometries) names.emplace_back(name);
  return names;
}

}  // namespace litebench::model
