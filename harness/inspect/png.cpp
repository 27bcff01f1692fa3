// The one door to libpng.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/core.h>
#include <png.h>

#include "base/error.hpp"
#include "harness/inspect/canvas.hpp"

namespace litebench::inspect {
namespace {

[[noreturn]] void refuse(const std::string& path, std::string_view reason) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path), reason,
              "check the folder, its permissions and free space");
}

}  // namespace

void write_png(const std::string& path, const Canvas& canvas) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"),
                                                             std::fclose);
  if (!file) refuse(path, std::strerror(errno));
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(canvas.width());
  image.height = static_cast<png_uint_32>(canvas.height());
  image.format = PNG_FORMAT_RGB;
  const int written =
      png_image_write_to_stdio(&image, file.get(), 0, canvas.rgb().data(), 0, nullptr);
  if (written == 0) refuse(path, image.message);
  if (std::fflush(file.get()) != 0) refuse(path, std::strerror(errno));
}

}  // namespace litebench::inspect
