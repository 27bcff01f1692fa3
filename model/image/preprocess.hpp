#pragma once
// From a decoded picture to the two inputs of the model (upstream.md §2.2, §2.3). The uint8 stages
// are separate functions because they must equal the reference's exactly.

#include <cstdint>
#include <vector>

#include "model/image/image.hpp"

namespace litebench::model {

struct ImageSize {
  std::int64_t height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// Size after CLIP's resize: shorter edge = `size`, longer edge rounded down.
ImageSize clip_resized_size(ImageSize image, std::int64_t size);
/// Size after SAM's resize: longer edge = `size`, shorter edge rounded. Either edge may come out as
/// 0 for thin pictures.
ImageSize sam_resized_size(ImageSize image, std::int64_t size);

/// Resized (bicubic) and centre-cropped to size × size × 3, uint8.
std::vector<std::uint8_t> clip_crop(const Decoded& image, std::int64_t size);
/// Longer edge resized (bilinear) to `size`, uint8. Throws Error{data} when the shorter edge would
/// vanish.
Decoded sam_resize(const Decoded& image, std::int64_t size);

/// CLIP's input: [3, size, size], normalised.
std::vector<float> clip_pixels(const Decoded& image, std::int64_t size);

struct SamPixels {
  std::vector<float>
      values;         ///< [3, size, size], normalised, then zero-padded on the right and below
  ImageSize resized;  ///< the picture's part of it
};
SamPixels sam_pixels(const Decoded& image, std::int64_t size);

}  // namespace litebench::model
