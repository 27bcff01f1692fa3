#pragma once
// The sizes of a GLaMM + CLIP pair. Read from config.json and tensor shapes, or named ("glamm-7b", "mid", …).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::model {

/// CLIP vision tower (upstream.md §1.7, §4.1). patches = (image / patch)².
struct ClipVisionGeometry {
  std::int64_t hidden = 1024, layers = 24, heads = 16, mlp = 4096, image = 336, patch = 14;
  std::int64_t projection = 768;
  double eps = 1e-5;
  std::int64_t select_layer = -2;   ///< index into hidden_states, negative from the end
  [[nodiscard]] std::int64_t grid() const { return image / patch; }
  [[nodiscard]] std::int64_t patches() const { return grid() * grid(); }
};

/// CLIP text tower (upstream.md §1.7, §4.4).
struct ClipTextGeometry {
  std::int64_t hidden = 768, layers = 12, heads = 12, mlp = 3072, vocab = 49408, positions = 77;
  std::int64_t projection = 768;
  double eps = 1e-5;
};

/// LLaMA (upstream.md §5). out_dim: width of the mask prompt made by text_hidden_fcs.
struct LlamaGeometry {
  std::int64_t hidden = 4096, layers = 32, heads = 32, mlp = 11008, vocab = 32007;
  std::int64_t out_dim = 256;
  double rms_eps = 1e-5, rope_base = 10000;
  [[nodiscard]] std::int64_t head_dim() const { return hidden / heads; }
};

/// SAM encoder and mask decoder (upstream.md §1.4, §6).
struct SamGeometry {
  std::int64_t image = 1024, patch = 16, dim = 1280, depth = 32, heads = 16, mlp = 5120, window = 14;
  std::vector<std::int64_t> global_blocks = {7, 15, 23, 31};
  std::int64_t out = 256;                       ///< channels of the image embedding and of a prompt
  std::int64_t decoder_depth = 2, decoder_mlp = 2048, decoder_heads = 8, decoder_downsample = 2;
  std::int64_t iou_hidden = 256, mask_tokens = 4, mask_in = 16;
  [[nodiscard]] std::int64_t grid() const { return image / patch; }
  [[nodiscard]] std::int64_t low_res() const { return 4 * grid(); }
};

struct Geometry {
  std::string name;
  ClipVisionGeometry vision;
  ClipTextGeometry text;
  LlamaGeometry llama;
  SamGeometry sam;
};

/// Geometries for `random:<name>`: glamm-7b (true shapes), mid (tests/bench), tiny (tests). Throws Error{usage} with
/// the nearest known name otherwise.
Geometry named_geometry(std::string_view name);
std::vector<std::string> geometry_names();

}  // namespace litebench::model
