#include "model/image/jpeg.hpp"

#include <cstring>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <turbojpeg.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "model/image/exif/exif.hpp"

namespace litebench::model {
namespace {

using Handle = std::unique_ptr<void, decltype([](tjhandle handle) { tjDestroy(handle); })>;

[[noreturn]] void refuse(std::string_view name, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{}: no usable JPEG", name), reason,
              "Fetch the file again, or compare its size with the data set's listing.");
}

/// 4-component pictures: stored inverted (Adobe), so a channel is ink × black with 8-bit
/// truncation, as OpenCV has it.
std::vector<std::uint8_t> rgb_of_cmyk(const std::vector<std::uint8_t>& cmyk) {
  std::vector<std::uint8_t> rgb(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    const int black = cmyk[i * 4 + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      rgb[i * 3 + c] = static_cast<std::uint8_t>(black - ((255 - cmyk[i * 4 + c]) * black >> 8));
    }
  }
  return rgb;
}

Decoded decode_upright(std::span<const std::byte> bytes, std::string_view name,
                       std::int64_t max_pixels) {
  const Handle handle(tjInitDecompress());
  if (!handle) refuse(name, "libjpeg-turbo could not start");
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(handle.get(), data, bytes.size(), &width, &height, &subsampling,
                          &colours) != 0) {
    refuse(name, tjGetErrorStr2(handle.get()));
  }
  const std::int64_t pixels = std::int64_t{width} * height;
  if (pixels > max_pixels) {
    refuse(name, fmt::format("it claims {} x {} pixels, more than {}", width, height, max_pixels));
  }
  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  Decoded image{height, width, std::vector<std::uint8_t>(pixels * (cmyk ? 4 : 3))};
  if (tjDecompress2(handle.get(), data, bytes.size(), image.rgb.data(), width, 0, height,
                    cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
    refuse(name, tjGetErrorStr2(handle.get()));
  }
  if (cmyk) image.rgb = rgb_of_cmyk(image.rgb);
  return image;
}

/// What EXIF orientation 1…8 asks for: the picture transposed first, then mirrored.
struct Turn {
  bool transpose, mirror_x, mirror_y;
};
constexpr Turn kTurns[9] = {{},
                            {false, false, false},
                            {false, true, false},
                            {false, true, true},
                            {false, false, true},
                            {true, false, false},
                            {true, true, false},
                            {true, true, true},
                            {true, false, true}};

Decoded turned(const Decoded& image, Turn turn) {
  Decoded out{
      turn.transpose ? image.width : image.height, turn.transpose ? image.height : image.width, {}};
  out.rgb.resize(image.rgb.size());
  std::int64_t step_x = turn.transpose ? image.width : 1, step_y = turn.transpose ? 1 : image.width;
  std::int64_t from = 0;
  if (turn.mirror_x) from += (out.width - 1) * std::exchange(step_x, -step_x);
  if (turn.mirror_y) from += (out.height - 1) * std::exchange(step_y, -step_y);
  std::uint8_t* to = out.rgb.data();
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < out.width; ++x, to += 3) {
      std::memcpy(to, image.rgb.data() + (from + y * step_y + x * step_x) * 3, 3);
    }
  }
  return out;
}

}  // namespace

Decoded decode_jpeg(std::span<const std::byte> bytes, std::string_view name_for_errors,
                    ExifRotation rotation, std::int64_t max_pixels) {
  Decoded image = decode_upright(bytes, name_for_errors, max_pixels);
  const int orientation = rotation == ExifRotation::apply ? exif_orientation(bytes) : 1;
  return orientation == 1 ? std::move(image) : turned(image, kTurns[orientation]);
}

Decoded decode_jpeg_file(const std::filesystem::path& path, ExifRotation rotation) {
  const MappedFile file(path);
  return decode_jpeg(file.bytes(), path.string(), rotation);
}

}  // namespace litebench::model
