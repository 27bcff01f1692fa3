#include "kernels/rle/rle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <numeric>
#include <span>

#include "kernels/clones.hpp"

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

/// A pixel whose predecessor in column-major order has another value.
struct Change {
  std::uint32_t x, y;
};

LITEBENCH_WIDE void compare(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count,
                            std::uint8_t* differs) {
  for (std::int64_t i = 0; i < count; ++i) {
    differs[i] = static_cast<std::uint8_t>((a[i] != 0) != (b[i] != 0));
  }
}

static_assert(std::endian::native == std::endian::little);

/// Changes in the order of rows.
class ChangeList {
 public:
  /// Of a row, whose length is a multiple of 32: its nonzero places.
  void add_row(const std::vector<std::uint8_t>& differs, std::uint32_t y) {
    if (changes_.size() < size_ + differs.size()) changes_.resize(2 * size_ + differs.size());
    Change* out = changes_.data() + size_;
    for (std::size_t at = 0; at < differs.size(); at += 32) {
      std::array<std::uint64_t, 4> words{};
      std::memcpy(words.data(), &differs[at], sizeof words);
      if ((words[0] | words[1] | words[2] | words[3]) == 0) continue;
      // Without a branch per pixel: in a ragged mask every other one would be mispredicted.
      for (std::size_t i = at; i < at + 32; ++i) {
        *out = {static_cast<std::uint32_t>(i), y};
        out += differs[i];
      }
    }
    size_ = static_cast<std::size_t>(out - changes_.data());
  }
  [[nodiscard]] std::span<const Change> all() const { return {changes_.data(), size_}; }

 private:
  std::vector<Change> changes_;
  std::size_t size_ = 0;
};

ChangeList changes_of(const std::uint8_t* mask, std::int64_t height, std::int64_t width) {
  ChangeList found;
  std::vector<std::uint8_t> differs(static_cast<std::size_t>((width + 31) / 32 * 32));
  // Above the first row stands the last one, a column to the left; above its first pixel, background.
  std::vector<std::uint8_t> above(static_cast<std::size_t>(width));
  std::copy_n(mask + (height - 1) * width, width - 1, above.begin() + 1);
  compare(mask, above.data(), width, differs.data());
  found.add_row(differs, 0);
  for (std::int64_t y = 1; y < height; ++y) {
    compare(mask + y * width, mask + (y - 1) * width, width, differs.data());
    found.add_row(differs, static_cast<std::uint32_t>(y));
  }
  return found;
}

/// Their column-major pixel numbers, rising. A counting sort: rows rise within a column already.
std::vector<std::uint32_t> sort_by_column(std::span<const Change> changes, std::int64_t height,
                                          std::int64_t width) {
  std::vector<std::size_t> place(static_cast<std::size_t>(width) + 1);
  for (const Change& change : changes) ++place[change.x + 1];
  std::partial_sum(place.begin(), place.end(), place.begin());
  std::vector<std::uint32_t> numbers(changes.size());
  for (const Change& change : changes) {
    numbers[place[change.x]++] = change.x * static_cast<std::uint32_t>(height) + change.y;
  }
  return numbers;
}

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

// Runs are column-major, memory is row-major. So rows are compared with the rows above them, many
// pixels at a time; the few places where a value changes are then sorted by column.
Rle rle_encode(const std::uint8_t* mask, std::int64_t height, std::int64_t width) {
  assert(rle_size_ok(height, width));
  const std::vector<std::uint32_t> starts =
      sort_by_column(changes_of(mask, height, width).all(), height, width);
  Rle rle{height, width, {}};
  rle.counts.reserve(starts.size() + 1);
  std::uint32_t last = 0;
  for (const std::uint32_t start : starts) {
    rle.counts.push_back(start - last);
    last = start;
  }
  rle.counts.push_back(static_cast<std::uint32_t>(height * width) - last);
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
