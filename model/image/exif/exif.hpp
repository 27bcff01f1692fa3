#pragma once
// The one thing a JPEG's EXIF block is read for. Needs no JPEG library, so that it can be fuzzed
// alone.

#include <cstddef>
#include <span>

namespace litebench::model {

/// EXIF orientation 1…8 of a JPEG file; 1 (upright) when there is none or the block is malformed.
/// Never fails: a bad tag must not cost an image that decodes.
int exif_orientation(std::span<const std::byte> jpeg);

}  // namespace litebench::model
