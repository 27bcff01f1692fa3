#include "model/prune/outside/inputs.hpp"

#include <algorithm>

#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

bool is_of_next_layer(Input input) {
  return input == Input::next_queries || input == Input::next_keys || input == Input::next_values;
}

std::int64_t layer_of(Input input, const model::ClipVisionGeometry& vision) {
  return is_of_next_layer(input) ? following_layer(vision) : producing_layer(vision);
}

void request_layer(Input input, std::int64_t layer, model::VisionTaps& taps) {
  auto tap = std::find_if(taps.layers.begin(), taps.layers.end(),
                          [&](const model::ClipTap& known) { return known.layer == layer; });
  if (tap == taps.layers.end()) tap = taps.layers.insert(tap, model::ClipTap{.layer = layer});
  tap->cls_row |= input == Input::cls_attention;
  tap->q |= input == Input::queries || input == Input::next_queries;
  tap->k |= input == Input::keys || input == Input::next_keys;
  tap->v |= input == Input::values || input == Input::next_values;
}

}  // namespace

void request(Input input, const model::Geometry& geometry, TapRequest& taps) {
  switch (input) {
    case Input::features: return;
    case Input::joint: taps.vision.joint = true; return;
    case Input::text: taps.text = TextTap::protocol; return;
    case Input::projected: taps.projected = true; return;
    default: return request_layer(input, layer_of(input, geometry.vision), taps.vision);
  }
}

at::Tensor get(Input input, const VisionView& vision, const QueryView& queries) {
  const auto tap = [&]() -> const model::ClipLayerTap& {
    return vision.features.layers.at(layer_of(input, vision.geometry.vision));
  };
  switch (input) {
    case Input::features: return vision.features.selected;
    case Input::joint: return vision.features.joint;
    case Input::text: return queries.embeds;
    case Input::projected: return vision.projected;
    case Input::cls_attention: return tap().cls_attention;
    case Input::queries:
    case Input::next_queries: return tap().q;
    case Input::keys:
    case Input::next_keys: return tap().k;
    case Input::values:
    case Input::next_values: return tap().v;
  }
  return {};
}

}  // namespace litebench::prune
