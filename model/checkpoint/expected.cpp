#include "model/checkpoint/expected.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "model/checkpoint/dense_stream.hpp"
#include "model/checkpoint/layout.hpp"

namespace litebench::model {
namespace {

using Shape = std::vector<std::int64_t>;

/// Collects specs under a prefix.
class List {
 public:
  void add(std::string name, Shape shape, Need need = Need::required) {
    specs_.push_back({std::move(name), std::move(shape), need});
  }
  /// `weight` and a bias as long as its first dimension.
  void affine(const std::string& name, Shape weight, Need need = Need::required) {
    add(name + ".bias", {weight[0]}, need);
    add(name + ".weight", std::move(weight), need);
  }
  std::vector<TensorSpec> sorted() && {
    std::ranges::sort(specs_, {}, &TensorSpec::name);
    return std::move(specs_);
  }

 private:
  std::vector<TensorSpec> specs_;
};

/// Of tensors whose products the reference throws away.
Need dead_or(Need lean, Compute compute) {
  return compute == Compute::upstream ? Need::dead : lean;
}

void add_llama(List& list, const Geometry& g, Compute compute) {
  const auto& l = g.llama;
  list.add("model.embed_tokens.weight", {l.vocab, l.hidden});
  list.add("lm_head.weight", {l.vocab, l.hidden}, dead_or(Need::unused, compute));
  list.add("model.norm.weight", {l.hidden});
  for (std::int64_t i = 0; i < l.layers; ++i) {
    const auto layer = fmt::format("model.layers.{}.", i);
    for (const auto* projection : {"q", "k", "v", "o"})
      list.add(fmt::format("{}self_attn.{}_proj.weight", layer, projection), {l.hidden, l.hidden});
    list.add(layer + "mlp.gate_proj.weight", {l.mlp, l.hidden});
    list.add(layer + "mlp.up_proj.weight", {l.mlp, l.hidden});
    list.add(layer + "mlp.down_proj.weight", {l.hidden, l.mlp});
    list.add(layer + "input_layernorm.weight", {l.hidden});
    list.add(layer + "post_attention_layernorm.weight", {l.hidden});
  }
  list.affine("model.mm_projector.0", {l.hidden, g.vision.hidden});
  list.affine("model.mm_projector.2", {l.hidden, l.hidden});
  list.affine("model.text_hidden_fcs.0.0", {l.hidden, l.hidden});
  list.affine("model.text_hidden_fcs.0.2", {l.out_dim, l.hidden});
}

void add_sam_encoder(List& list, const SamGeometry& s) {
  const std::string root = "model.grounding_encoder.image_encoder.";
  const auto head_dim = s.dim / s.heads;
  list.add(root + "pos_embed", {1, s.grid(), s.grid(), s.dim});
  list.affine(root + "patch_embed.proj", {s.dim, 3, s.patch, s.patch});
  for (std::int64_t b = 0; b < s.depth; ++b) {
    const auto block = fmt::format("{}blocks.{}.", root, b);
    const bool global = std::ranges::find(s.global_blocks, b) != s.global_blocks.end();
    const auto positions = 2 * (global ? s.grid() : s.window) - 1;
    list.affine(block + "norm1", {s.dim});
    list.affine(block + "norm2", {s.dim});
    list.affine(block + "attn.qkv", {3 * s.dim, s.dim});
    list.affine(block + "attn.proj", {s.dim, s.dim});
    list.add(block + "attn.rel_pos_h", {positions, head_dim});
    list.add(block + "attn.rel_pos_w", {positions, head_dim});
    list.affine(block + "mlp.lin1", {s.mlp, s.dim});
    list.affine(block + "mlp.lin2", {s.dim, s.mlp});
  }
  list.add(root + "neck.0.weight", {s.out, s.dim, 1, 1});
  list.affine(root + "neck.1", {s.out});
  list.add(root + "neck.2.weight", {s.out, s.out, 3, 3});
  list.affine(root + "neck.3", {s.out});
}

void add_prompt_encoder(List& list, const SamGeometry& s) {
  const std::string root = "model.grounding_encoder.prompt_encoder.";
  list.add(root + "pe_layer.positional_encoding_gaussian_matrix", {2, s.out / 2});
  list.add(root + "no_mask_embed.weight", {1, s.out});
  list.add(root + "not_a_point_embed.weight", {1, s.out}, Need::unused);
  for (int i = 0; i < 4; ++i)
    list.add(fmt::format("{}point_embeddings.{}.weight", root, i), {1, s.out}, Need::unused);
  const auto small = s.mask_in / 4;
  list.affine(root + "mask_downscaling.0", {small, 1, 2, 2}, Need::unused);
  list.affine(root + "mask_downscaling.1", {small}, Need::unused);
  list.affine(root + "mask_downscaling.3", {s.mask_in, small, 2, 2}, Need::unused);
  list.affine(root + "mask_downscaling.4", {s.mask_in}, Need::unused);
  list.affine(root + "mask_downscaling.6", {s.out, s.mask_in, 1, 1}, Need::unused);
}

void add_decoder_attention(List& list, const std::string& name, std::int64_t width,
                           std::int64_t inner) {
  for (const auto* projection : {"q", "k", "v"})
    list.affine(fmt::format("{}.{}_proj", name, projection), {inner, width});
  list.affine(name + ".out_proj", {width, inner});
}

void add_mask_decoder(List& list, const SamGeometry& s, Compute compute) {
  const auto dead = dead_or(Need::optional, compute);
  const std::string root = "model.grounding_encoder.mask_decoder.";
  const auto inner = s.out / s.decoder_downsample;
  for (std::int64_t i = 0; i < s.decoder_depth; ++i) {
    const auto layer = fmt::format("{}transformer.layers.{}.", root, i);
    add_decoder_attention(list, layer + "self_attn", s.out, s.out);
    add_decoder_attention(list, layer + "cross_attn_token_to_image", s.out, inner);
    add_decoder_attention(list, layer + "cross_attn_image_to_token", s.out, inner);
    for (int n = 1; n <= 4; ++n) list.affine(fmt::format("{}norm{}", layer, n), {s.out});
    list.affine(layer + "mlp.lin1", {s.decoder_mlp, s.out});
    list.affine(layer + "mlp.lin2", {s.out, s.decoder_mlp});
  }
  add_decoder_attention(list, root + "transformer.final_attn_token_to_image", s.out, inner);
  list.affine(root + "transformer.norm_final_attn", {s.out});
  list.add(root + "iou_token.weight", {1, s.out});
  list.add(root + "mask_tokens.weight", {s.mask_tokens, s.out});

  // Transposed convolutions store [in, out, 2, 2], so the bias is as long as the second dimension.
  list.add(root + "output_upscaling.0.weight", {s.out, s.out / 4, 2, 2});
  list.add(root + "output_upscaling.0.bias", {s.out / 4});
  list.affine(root + "output_upscaling.1", {s.out / 4});
  list.add(root + "output_upscaling.3.weight", {s.out / 4, s.out / 8, 2, 2});
  list.add(root + "output_upscaling.3.bias", {s.out / 8});
  for (std::int64_t m = 0; m < s.mask_tokens; ++m) {
    // Only the mask of token 0 is ever looked at (upstream.md §1.5).
    const auto need = m == 0 ? Need::required : dead;
    const auto mlp = fmt::format("{}output_hypernetworks_mlps.{}.layers.", root, m);
    list.affine(mlp + "0", {s.out, s.out}, need);
    list.affine(mlp + "1", {s.out, s.out}, need);
    list.affine(mlp + "2", {s.out / 8, s.out}, need);
  }
  list.affine(root + "iou_prediction_head.layers.0", {s.iou_hidden, s.out}, dead);
  list.affine(root + "iou_prediction_head.layers.1", {s.iou_hidden, s.iou_hidden}, dead);
  list.affine(root + "iou_prediction_head.layers.2", {s.mask_tokens, s.iou_hidden}, dead);
}

void add_clip_layers(List& list, const std::string& tower, std::int64_t layers, std::int64_t hidden,
                     std::int64_t mlp) {
  for (std::int64_t i = 0; i < layers; ++i) {
    const auto layer = fmt::format("{}.encoder.layers.{}.", tower, i);
    list.affine(layer + "layer_norm1", {hidden});
    list.affine(layer + "layer_norm2", {hidden});
    for (const auto* projection : {"q", "k", "v", "out"})
      list.affine(fmt::format("{}self_attn.{}_proj", layer, projection), {hidden, hidden});
    list.affine(layer + "mlp.fc1", {mlp, hidden});
    list.affine(layer + "mlp.fc2", {hidden, mlp});
  }
}

/// First ten names and the count of the rest.
std::string some_of(std::string_view what, const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  if (names.empty()) return {};
  const std::span shown(names.data(), std::min(kShown, names.size()));
  auto text = fmt::format("{} {}: {}", names.size(), what, fmt::join(shown, ", "));
  if (names.size() > kShown) text += ", …";
  return text;
}

void check_dead(const std::vector<TensorSpec>& expected, const TensorSource& source,
                std::string_view name_for_errors) {
  std::vector<std::string> missing;
  for (const auto& spec : expected)
    if (spec.need == Need::dead && source.find(spec.name) == nullptr) missing.push_back(spec.name);
  if (missing.empty()) return;
  throw Error(ExitCode::data,
              fmt::format("{} lacks what the reference's dead work reads", name_for_errors),
              some_of("missing", missing),
              "take the checkpoint as it was published, or set passes.latency.compute = \"lean\"");
}

}  // namespace

std::vector<TensorSpec> expected_glamm(const Geometry& geometry, Compute compute) {
  List list;
  add_llama(list, geometry, compute);
  add_sam_encoder(list, geometry.sam);
  add_prompt_encoder(list, geometry.sam);
  add_mask_decoder(list, geometry.sam, compute);
  return std::move(list).sorted();
}

std::vector<TensorSpec> expected_clip(const Geometry& geometry) {
  const auto& [vision, text] = std::tie(geometry.vision, geometry.text);
  List list;
  list.add("vision_model.embeddings.class_embedding", {vision.hidden});
  list.add("vision_model.embeddings.patch_embedding.weight",
           {vision.hidden, 3, vision.patch, vision.patch});
  list.add("vision_model.embeddings.position_embedding.weight",
           {1 + vision.patches(), vision.hidden});
  list.affine("vision_model.pre_layrnorm", {vision.hidden});  // misspelt in every checkpoint
  add_clip_layers(list, "vision_model", vision.layers, vision.hidden, vision.mlp);
  list.affine("vision_model.post_layernorm", {vision.hidden});
  list.add("visual_projection.weight", {vision.projection, vision.hidden});
  list.add("text_model.embeddings.token_embedding.weight", {text.vocab, text.hidden});
  list.add("text_model.embeddings.position_embedding.weight", {text.positions, text.hidden});
  add_clip_layers(list, "text_model", text.layers, text.hidden, text.mlp);
  list.affine("text_model.final_layer_norm", {text.hidden});
  list.add("text_projection.weight", {text.projection, text.hidden});
  return std::move(list).sorted();
}

bool is_ignored(std::string_view name) {
  return name.starts_with("model.region_encoder.") || name.starts_with("model.vision_tower.") ||
         name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".embeddings.position_ids") ||
         name == "logit_scale";
}

void check(const std::vector<TensorSpec>& expected, const TensorSource& source,
           std::string_view name_for_errors) {
  std::vector<std::string> missing, misshapen, unexpected;
  std::set<std::string_view> known;
  for (const auto& spec : expected) {
    known.insert(spec.name);
    const auto* tensor = source.find(spec.name);
    if (tensor == nullptr) {
      if (spec.need == Need::required) missing.push_back(spec.name);
    } else if (tensor->shape != spec.shape) {
      misshapen.push_back(fmt::format("{} is {}, not {}", spec.name, to_string(tensor->shape),
                                      to_string(spec.shape)));
    } else if (!is_floating(tensor->dtype)) {
      misshapen.push_back(fmt::format("{} is {}", spec.name, name_of(tensor->dtype)));
    }
  }
  for (const auto& tensor : source.tensors())
    if (!known.contains(tensor.name) && !is_ignored(tensor.name)) unexpected.push_back(tensor.name);
  if (missing.empty() && misshapen.empty() && unexpected.empty())
    return check_dead(expected, source, name_for_errors);

  std::vector<std::string> lines = {some_of("missing", missing), some_of("misshapen", misshapen),
                                    some_of("unexpected", unexpected)};
  std::erase(lines, "");
  throw Error(ExitCode::data,
              fmt::format("{} does not hold the tensors of its geometry", name_for_errors),
              fmt::format("{}", fmt::join(lines, "; ")),
              "check that config.json belongs to these weights and that every shard is there");
}

}  // namespace litebench::model
