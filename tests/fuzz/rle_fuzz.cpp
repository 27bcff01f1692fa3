// First bytes: sizes; the rest: a compressed string, and the same bytes as a polygon. What is
// accepted must survive its round trips.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kernels/rle/rle.hpp"

using namespace litebench::kernels;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Rle& rle) {
  std::int64_t total = 0;
  for (const std::uint32_t count : rle.counts) total += count;
  require(total == rle.height * rle.width);
  require(rle_from_string(rle_to_string(rle), rle.height, rle.width) == rle);
  const auto mask = rle_decode(rle);
  std::int64_t area = 0;
  for (const std::uint8_t pixel : mask) area += pixel;
  require(area == rle_area(rle));
  const Rle encoded = rle_encode(mask.data(), rle.height, rle.width);
  require(rle_union(rle, rle) == encoded);
  const auto box = rle_box(rle);
  require(box == rle_box(encoded) && box[0] + box[2] <= rle.width && box[1] + box[3] <= rle.height);
  require(area <= box[2] * box[3]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::int64_t height = data[0] % 64,
                     width = data[1] % 64;  // small, to be fast; 0 must be refused
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (const auto rle = rle_from_string(text, height, width)) check(*rle);

  // Pairs of bytes as coordinates around the image, then raw doubles unless they make a long walk.
  std::vector<double> xy;
  for (std::size_t i = 0; i + 1 < text.size() && xy.size() < 64; i += 2) {
    xy.push_back((static_cast<unsigned char>(text[i]) * 256 +
                  static_cast<unsigned char>(text[i + 1]) - 32768) /
                 512.0);
  }
  if (const auto rle = rle_from_polygon(xy, height, width)) check(*rle);
  std::vector<double> raw(text.size() / sizeof(double));
  if (!raw.empty()) std::memcpy(raw.data(), text.data(), raw.size() * sizeof(double));
  const auto far = [](double c) { return std::abs(c) > 1000 && std::abs(c) < 1e7; };
  if (std::ranges::any_of(raw, far)) return 0;
  if (const auto rle = rle_from_polygon(raw, height, width)) check(*rle);
  return 0;
}
