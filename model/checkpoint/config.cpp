#include "model/checkpoint/config.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "model/checkpoint/layout.hpp"
#include "model/checkpoint/remark.hpp"

namespace litebench::model {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string_view what, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{} does not describe a model litebench can run", what),
              reason, "check that the folder holds the published checkpoint");
}

/// One object of a config.json. Absent keys (and null) mean the default of the library that wrote the file, which
/// leaves out what equals its default.
class Config {
 public:
  Config(std::optional<json::Value> object, std::string name)
      : object_(std::move(object)), name_(std::move(name)) {}

  std::int64_t count(std::string_view key, std::int64_t fallback) const {
    const auto value = find(key);
    const auto number = value ? value->as_int() : fallback;
    constexpr std::int64_t kMost = 1'000'000;
    if (number < 1 || number > kMost) refuse(name_, fmt::format("{} = {}", key, number));
    return number;
  }
  double positive(std::string_view key, double fallback) const {
    const auto value = find(key);
    const auto number = value ? value->as_double() : fallback;
    if (!(number > 0) || number > 1e9) refuse(name_, fmt::format("{} = {}", key, number));
    return number;
  }
  std::int64_t integer(std::string_view key, std::int64_t fallback) const {
    const auto value = find(key);
    return value ? value->as_int() : fallback;
  }
  std::vector<std::int64_t> integers(std::string_view key,
                                     std::vector<std::int64_t> fallback) const {
    const auto value = find(key);
    if (!value) return fallback;
    fallback.clear();
    value->each([&](json::Value item) { fallback.push_back(item.as_int()); });
    return fallback;
  }
  /// What the code implements; another value would give wrong numbers without a sign of it.
  void expect(std::string_view key, std::string_view wanted) const {
    const auto value = find(key);
    if (value && value->as_string() != wanted)
      refuse(name_,
             fmt::format("{} is {}, only {} is implemented", key, value->as_string(), wanted));
  }
  Config section(std::string_view key) const {
    return {find(key), fmt::format("{} [{}]", name_, key)};
  }
  const std::string& name() const { return name_; }

 private:
  std::optional<json::Value> find(std::string_view key) const {
    auto value = object_ ? object_->find(key) : std::nullopt;
    return value && value->is_null() ? std::nullopt : value;
  }

  std::optional<json::Value> object_;
  std::string name_;
};

/// Shape of a tensor the geometry is read from.
std::span<const std::int64_t> shape_of(const TensorSource& source, std::string_view name,
                                       std::size_t dimensions, std::string_view file) {
  const auto* tensor = source.find(name);
  if (tensor == nullptr) refuse(file, fmt::format("its weights lack {}", name));
  if (tensor->shape.size() != dimensions)
    refuse(file, fmt::format("{} is {}", name, to_string(tensor->shape)));
  for (const auto size : tensor->shape)
    if (size < 1) refuse(file, fmt::format("{} is {}", name, to_string(tensor->shape)));
  return tensor->shape;
}

void check_heads(std::string_view file, std::string_view tower, std::int64_t width,
                 std::int64_t heads, std::int64_t multiple_of) {
  if (width % heads != 0 || (width / heads) % multiple_of != 0)
    refuse(file, fmt::format("{} heads do not divide the {}'s width of {}", heads, tower, width));
}

LlamaGeometry read_llama(const Config& config, const TensorSource& source) {
  LlamaGeometry llama;
  const auto embedding = shape_of(source, "model.embed_tokens.weight", 2, config.name());
  llama.vocab = embedding[0];
  llama.hidden = embedding[1];
  llama.layers = config.count("num_hidden_layers", llama.layers);
  llama.heads = config.count("num_attention_heads", llama.heads);
  llama.mlp = shape_of(source, "model.layers.0.mlp.gate_proj.weight", 2, config.name())[0];
  llama.out_dim = shape_of(source, "model.text_hidden_fcs.0.2.weight", 2, config.name())[0];
  llama.rms_eps = config.positive("rms_norm_eps", 1e-6);
  if (config.count("num_key_value_heads", llama.heads) != llama.heads)
    refuse(config.name(), "grouped-query attention is not implemented");
  config.expect("hidden_act", "silu");
  config.expect("mm_projector_type", "mlp2x_gelu");
  check_heads(config.name(), "language model", llama.hidden, llama.heads, 2);  // rotary pairs
  return llama;
}

SamGeometry read_sam(const Config& config, const TensorSource& source) {
  const std::string encoder = "model.grounding_encoder.image_encoder.";
  const std::string decoder = "model.grounding_encoder.mask_decoder.";
  const auto shape = [&](const std::string& name, std::size_t dimensions) {
    return shape_of(source, name, dimensions, config.name());
  };
  SamGeometry sam;
  const auto patches = shape(encoder + "patch_embed.proj.weight", 4);
  sam.dim = patches[0];
  sam.patch = patches[2];
  sam.image = shape(encoder + "pos_embed", 4)[1] * sam.patch;
  sam.mlp = shape(encoder + "blocks.0.mlp.lin1.weight", 2)[0];
  sam.out = shape(encoder + "neck.0.weight", 4)[0];
  sam.decoder_mlp = shape(decoder + "transformer.layers.0.mlp.lin1.weight", 2)[0];
  sam.mask_tokens = shape(decoder + "mask_tokens.weight", 2)[0];
  sam.depth = config.count("sam_depth", sam.depth);
  sam.heads = config.count("sam_num_heads", sam.heads);
  sam.window = config.count("sam_window_size", sam.window);
  sam.global_blocks = config.integers("sam_global_attn_indexes", sam.global_blocks);
  sam.decoder_depth = config.count("sam_decoder_depth", sam.decoder_depth);
  sam.decoder_heads = config.count("sam_decoder_num_heads", sam.decoder_heads);
  sam.decoder_downsample =
      config.count("sam_decoder_attention_downsample_rate", sam.decoder_downsample);
  sam.iou_hidden = config.count("sam_iou_head_hidden_dim", sam.iou_hidden);
  sam.mask_in = config.count("sam_mask_in_chans", sam.mask_in);
  check_heads(config.name(), "image encoder", sam.dim, sam.heads, 1);
  check_heads(config.name(), "mask decoder", sam.out, sam.decoder_downsample * sam.decoder_heads,
              1);
  if (sam.out % 8 != 0) refuse(config.name(), fmt::format("{} output channels", sam.out));
  for (const auto block : sam.global_blocks)
    if (block < 0 || block >= sam.depth)
      refuse(config.name(), fmt::format("global attention in block {} of {}", block, sam.depth));
  return sam;
}

ClipVisionGeometry read_vision(const Config& config, const TensorSource& source,
                               std::int64_t select_layer) {
  const std::string embeddings = "vision_model.embeddings.";
  ClipVisionGeometry vision;
  const auto patches = shape_of(source, embeddings + "patch_embedding.weight", 4, config.name());
  vision.hidden = patches[0];
  vision.patch = patches[2];
  const auto positions =
      shape_of(source, embeddings + "position_embedding.weight", 2, config.name())[0];
  const auto grid = std::llround(std::sqrt(static_cast<double>(positions - 1)));
  if (grid < 1 || grid * grid != positions - 1)
    refuse(config.name(), fmt::format("{} positions are no square and a class token", positions));
  vision.image = grid * vision.patch;
  vision.mlp =
      shape_of(source, "vision_model.encoder.layers.0.mlp.fc1.weight", 2, config.name())[0];
  vision.projection = shape_of(source, "visual_projection.weight", 2, config.name())[0];
  vision.layers = config.count("num_hidden_layers", 12);
  vision.heads = config.count("num_attention_heads", 12);
  vision.eps = config.positive("layer_norm_eps", 1e-5);
  vision.select_layer = select_layer;
  config.expect("hidden_act", "quick_gelu");
  check_heads(config.name(), "tower", vision.hidden, vision.heads, 1);
  const auto selected = select_layer < 0 ? vision.layers + 1 + select_layer : select_layer;
  if (selected < 0 || selected > vision.layers)
    refuse(config.name(),
           fmt::format("mm_vision_select_layer = {} with {} layers", select_layer, vision.layers));
  return vision;
}

ClipTextGeometry read_text(const Config& config, const TensorSource& source) {
  const std::string embeddings = "text_model.embeddings.";
  ClipTextGeometry text;
  const auto tokens = shape_of(source, embeddings + "token_embedding.weight", 2, config.name());
  text.vocab = tokens[0];
  text.hidden = tokens[1];
  text.positions = shape_of(source, embeddings + "position_embedding.weight", 2, config.name())[0];
  text.mlp = shape_of(source, "text_model.encoder.layers.0.mlp.fc1.weight", 2, config.name())[0];
  text.projection = shape_of(source, "text_projection.weight", 2, config.name())[0];
  text.layers = config.count("num_hidden_layers", 12);
  text.heads = config.count("num_attention_heads", 8);
  text.eps = config.positive("layer_norm_eps", 1e-5);
  config.expect("hidden_act", "quick_gelu");
  check_heads(config.name(), "tower", text.hidden, text.heads, 1);
  return text;
}

}  // namespace

void read_glamm_geometry(const fs::path& dir, const TensorSource& source, Geometry& geometry) {
  const auto file = dir / "config.json";
  const auto document = json::Document::load(file);
  const Config config(document.root(), file.string());
  geometry.name = fs::absolute(dir).lexically_normal().filename().string();
  geometry.llama = read_llama(config, source);
  geometry.sam = read_sam(config, source);
  geometry.vision.select_layer = config.integer("mm_vision_select_layer", -2);
  static_cast<void>(read_remark(dir));  // a bad one is refused before anything is loaded
  if (geometry.llama.out_dim != geometry.sam.out)
    refuse(config.name(), fmt::format("prompts of {} channels for an image embedding of {}",
                                      geometry.llama.out_dim, geometry.sam.out));
}

void read_clip_geometry(const fs::path& dir, const TensorSource& source, Geometry& geometry) {
  const auto file = dir / "config.json";
  const auto document = json::Document::load(file);
  const Config config(document.root(), file.string());
  geometry.vision =
      read_vision(config.section("vision_config"), source, geometry.vision.select_layer);
  geometry.text = read_text(config.section("text_config"), source);
  if (geometry.vision.projection != geometry.text.projection)
    refuse(config.name(), fmt::format("its towers project to {} and {}", geometry.vision.projection,
                                      geometry.text.projection));
}

Geometry read_geometry(const fs::path& glamm_dir, const fs::path& clip_dir,
                       const TensorSource& glamm, const TensorSource& clip) {
  Geometry geometry;
  read_glamm_geometry(glamm_dir, glamm, geometry);
  read_clip_geometry(clip_dir, clip, geometry);
  return geometry;
}

}  // namespace litebench::model
