// Any bytes have an orientation: 1…8, and upright without the JPEG start marker.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "model/image/exif/exif.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int found = litebench::model::exif_orientation(std::as_bytes(std::span(data, size)));
  if (found < 1 || found > 8) std::abort();
  if ((size < 2 || data[0] != 0xFF || data[1] != 0xD8) && found != 1) std::abort();
  return 0;
}
