#include "kernels/rle/rle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

// The outline is walked on a grid five times finer than the pixels. Where it passes from one fine
// column into the next exactly between two pixel columns' centres, the column's fill toggles at the
// height of the crossing. Truncations towards zero (also of negative numbers), the fixed direction
// of the walk and the order of roundings decide single pixels: all are pycocotools'.

namespace litebench::kernels {
namespace {

constexpr double kScale = 5;
constexpr double kMaxCoordinate = 1 << 20;
constexpr std::int64_t kMaxSteps = std::int64_t{1} << 24;

struct Point {
  int x = 0, y = 0;
};

int steps_of(Point a, Point b) { return std::max(std::abs(b.x - a.x), std::abs(b.y - a.y)); }

/// Visits max(|dx|, |dy|) + 1 points from `a` to `b`, computed from the end with the smaller major
/// coordinate, so that an edge walked in either direction gives the same points.
template <typename Visit>
void walk_edge(Point a, Point b, const Visit& visit) {
  const int steps = steps_of(a, b);
  const bool x_major = std::abs(b.x - a.x) == steps;
  const bool flip = x_major ? a.x > b.x : a.y > b.y;
  if (flip) std::swap(a, b);
  const double slope =
      steps == 0 ? 0.0 : static_cast<double>(x_major ? b.y - a.y : b.x - a.x) / steps;
  for (int i = 0; i <= steps; ++i) {
    const int t = flip ? steps - i : i;
    if (x_major) {
      visit(Point{a.x + t, static_cast<int>(a.y + slope * t + 0.5)});
    } else {
      visit(Point{static_cast<int>(a.x + slope * t + 0.5), a.y + t});
    }
  }
}

double pixel_of(int fine) { return (fine + 0.5) / kScale - 0.5; }

/// Column-major pixel numbers at which the fill toggles.
class Crossings {
 public:
  Crossings(std::int64_t height, std::int64_t width) : height_(height), width_(width) {}

  void visit(Point next) {
    if (started_ && next.x != last_.x) cross(next);
    last_ = next;
    started_ = true;
  }

  Rle to_rle() {
    at_.push_back(height_ * width_);
    std::ranges::sort(at_);
    Rle rle{height_, width_, {}};
    std::int64_t previous = 0;
    bool join = false;  // the run before this one was empty: the runs around it are one
    for (const std::int64_t at : at_) {
      const auto length = static_cast<std::uint32_t>(at - previous);
      previous = at;
      if (join) {
        rle.counts.back() += length;
        join = false;
      } else if (length > 0 || rle.counts.empty()) {
        rle.counts.push_back(length);
      } else {
        join = true;
      }
    }
    return rle;
  }

 private:
  void cross(Point next) {
    const double x = pixel_of(std::min(next.x, last_.x));
    if (std::floor(x) != x || x < 0 || x > static_cast<double>(width_ - 1)) return;
    const double y =
        std::clamp(pixel_of(std::min(next.y, last_.y)), 0.0, static_cast<double>(height_));
    at_.push_back(static_cast<std::int64_t>(x) * height_ + static_cast<std::int64_t>(std::ceil(y)));
  }

  std::int64_t height_, width_;
  std::vector<std::int64_t> at_;
  Point last_;
  bool started_ = false;
};

int fine_of(double coordinate) { return static_cast<int>(kScale * coordinate + 0.5); }

}  // namespace

std::optional<Rle> rle_from_polygon(std::span<const double> xy, std::int64_t height,
                                    std::int64_t width) {
  if (!rle_size_ok(height, width) || xy.size() < 2) return std::nullopt;
  const auto in_range = [](double c) { return std::abs(c) <= kMaxCoordinate; };  // false for NaN
  if (!std::ranges::all_of(xy, in_range)) return std::nullopt;
  std::vector<Point> vertices;
  for (std::size_t i = 0; i + 1 < xy.size(); i += 2)
    vertices.push_back({fine_of(xy[i]), fine_of(xy[i + 1])});
  vertices.push_back(vertices.front());

  std::int64_t steps = 0;
  for (std::size_t i = 0; i + 1 < vertices.size(); ++i)
    steps += steps_of(vertices[i], vertices[i + 1]);
  if (steps > kMaxSteps) return std::nullopt;

  Crossings crossings(height, width);
  for (std::size_t i = 0; i + 1 < vertices.size(); ++i) {
    walk_edge(vertices[i], vertices[i + 1], [&](Point point) { crossings.visit(point); });
  }
  return crossings.to_rle();
}

}  // namespace litebench::kernels
