#pragma once
// JPEG to RGB, equal to OpenCV's imread byte for byte (upstream.md §2.1). The only place that knows
// libjpeg-turbo.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "model/image/image.hpp"

namespace litebench::model {

enum class ExifRotation : std::uint8_t { apply, ignore };

/// Largest picture that is decoded (pixels). A header can claim 4 gigapixels in 20 bytes.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

/// Throws Error{data} naming `name_for_errors` when the bytes are no JPEG, are damaged or cut short
/// (whatever libjpeg only warns about counts as damage: half a picture must not enter a table), or
/// claim more than `max_pixels`.
Decoded decode_jpeg(std::span<const std::byte> bytes, std::string_view name_for_errors,
                    ExifRotation rotation = ExifRotation::apply,
                    std::int64_t max_pixels = kMaxPixels);

/// Also throws Error{io} when the file is missing.
Decoded decode_jpeg_file(const std::filesystem::path& path,
                         ExifRotation rotation = ExifRotation::apply);

}  // namespace litebench::model
