#include "kernels/rle/rle.hpp"

#include <algorithm>
#include <cassert>

namespace litebench::kernels {
namespace {

/// Calls visit(first, length) for each foreground run in column-major pixel numbers.
template <typename Visit>
void each_foreground_run(const Rle& rle, const Visit& visit) {
  std::int64_t position = 0;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    if (i % 2 == 1 && rle.counts[i] > 0) visit(position, std::int64_t{rle.counts[i]});
    position += rle.counts[i];
  }
}

/// Appends runs of given values, joining equal neighbours.
class RunWriter {
 public:
  explicit RunWriter(Rle& rle) : counts_(rle.counts) { counts_.assign(1, 0); }

  void add(bool foreground, std::uint32_t length) {
    if (length == 0) return;
    const bool last_is_foreground = counts_.size() % 2 == 0;
    if (foreground != last_is_foreground) counts_.push_back(0);
    counts_.back() += length;
  }

 private:
  std::vector<std::uint32_t>& counts_;
};

}  // namespace

bool rle_size_ok(std::int64_t height, std::int64_t width) {
  return height > 0 && width > 0 && height <= kRleMaxPixels && width <= kRleMaxPixels / height;
}

std::optional<Rle> rle_from_counts(std::span<const std::int64_t> counts, std::int64_t height,
                                   std::int64_t width) {
  if (!rle_size_ok(height, width)) return std::nullopt;
  std::int64_t left = height * width;
  for (const std::int64_t count : counts) {
    if (count < 0 || count > left) return std::nullopt;
    left -= count;
  }
  if (left != 0) return std::nullopt;
  return Rle{height, width, {counts.begin(), counts.end()}};
}

Rle rle_encode(const std::uint8_t* mask, std::int64_t height, std::int64_t width) {
  assert(rle_size_ok(height, width));
  Rle rle{height, width, {}};
  RunWriter writer(rle);
  for (std::int64_t x = 0; x < width; ++x) {
    for (std::int64_t y = 0; y < height; ++y) writer.add(mask[y * width + x] != 0, 1);
  }
  return rle;
}

void rle_add_to(const Rle& rle, std::uint8_t* mask) {
  each_foreground_run(rle, [&](std::int64_t first, std::int64_t length) {
    std::int64_t x = first / rle.height, y = first % rle.height;
    for (; length > 0; --length) {
      ++mask[y * rle.width + x];
      if (++y == rle.height) {
        y = 0;
        ++x;
      }
    }
  });
}

std::vector<std::uint8_t> rle_decode(const Rle& rle) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(rle.height * rle.width));
  rle_add_to(rle, mask.data());
  return mask;
}

std::int64_t rle_area(const Rle& rle) {
  std::int64_t area = 0;
  each_foreground_run(rle, [&](std::int64_t, std::int64_t length) { area += length; });
  return area;
}

std::array<std::int64_t, 4> rle_box(const Rle& rle) {
  std::int64_t x0 = rle.width, y0 = rle.height, x1 = -1, y1 = -1;
  each_foreground_run(rle, [&](std::int64_t first, std::int64_t length) {
    const std::int64_t last = first + length - 1;
    const std::int64_t first_x = first / rle.height, last_x = last / rle.height;
    x0 = std::min(x0, first_x);
    x1 = std::max(x1, last_x);
    const bool wraps =
        last_x > first_x;  // then it touches the bottom of one column and the top of the next
    y0 = std::min(y0, wraps ? 0 : first % rle.height);
    y1 = std::max(y1, wraps ? rle.height - 1 : last % rle.height);
  });
  if (x1 < 0) return {0, 0, 0, 0};
  return {x0, y0, x1 - x0 + 1, y1 - y0 + 1};
}

Rle rle_union(const Rle& a, const Rle& b) {
  assert(a.height == b.height && a.width == b.width);
  Rle rle{a.height, a.width, {}};
  RunWriter writer(rle);
  struct Cursor {
    const std::vector<std::uint32_t>& counts;
    std::size_t index = 0;
    std::uint32_t left = 0;
    bool refill() {
      while (left == 0 && index < counts.size()) left = counts[index++];
      return left > 0;
    }
    [[nodiscard]] bool foreground() const { return index % 2 == 0; }
  };
  Cursor one{a.counts}, two{b.counts};
  while (one.refill() && two.refill()) {
    const std::uint32_t step = std::min(one.left, two.left);
    writer.add(one.foreground() || two.foreground(), step);
    one.left -= step;
    two.left -= step;
  }
  return rle;
}

}  // namespace litebench::kernels
