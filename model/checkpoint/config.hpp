#pragma once
// The geometry of checkpoint folders: sizes from tensor shapes; head and layer counts, epsilons and SAM's non-standard
// keys from config.json (upstream.md §1.2).

#include <filesystem>

#include "model/checkpoint/tensor_source.hpp"
#include "model/geometry.hpp"

namespace litebench::model {

/// Fills llama, sam and vision.select_layer. `dir` holds config.json. Throws Error{data} for values that no model can
/// have and for architectures other than the one that is implemented.
void read_glamm_geometry(const std::filesystem::path& dir, const TensorSource& source,
                         Geometry& geometry);

/// Fills vision (but for select_layer) and text; same errors.
void read_clip_geometry(const std::filesystem::path& dir, const TensorSource& source,
                        Geometry& geometry);

/// Both, and what they must agree on.
Geometry read_geometry(const std::filesystem::path& glamm_dir,
                       const std::filesystem::path& clip_dir, const TensorSource& glamm,
                       const TensorSource& clip);

}  // namespace litebench::model
