#include "harness/inspect/panels.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/resample/resample.hpp"
#include "model/image/preprocess.hpp"

namespace litebench::inspect {
namespace {

constexpr double kPanelWidth = 336, kPanelHeight = 300;
constexpr Colour kBlack{0, 0, 0};

/// Which output token a patch went into.
struct PatchFate {
  enum class Kind : std::uint8_t { dropped, kept, merged } kind = Kind::dropped;
  std::int64_t token = 0;
  float weight = 0;
  bool survives = true;  ///< to the last layer
};

std::vector<PatchFate> fates_of(const Column& column, std::int64_t patches) {
  std::vector<PatchFate> fates(static_cast<std::size_t>(patches));
  const prune::TokenPlan& plan = *column.plan;
  for (std::int64_t token = 0; token < plan.size(); ++token) {
    const bool selected = plan.origins()[token] >= 0;
    for (std::int64_t e = plan.row_ptr()[token]; e < plan.row_ptr()[token + 1]; ++e) {
      const std::int64_t patch = plan.cols()[e] - 1;
      if (patch < 0) continue;  // CLS
      PatchFate& fate = fates[static_cast<std::size_t>(patch)];
      // Of several tokens the one it is kept as, then the one it is the greatest part of.
      if (fate.kind == PatchFate::Kind::kept) continue;
      const float weight = std::abs(plan.weights()[e]);
      if (!selected && fate.kind == PatchFate::Kind::merged && weight <= fate.weight) continue;
      fate = {selected ? PatchFate::Kind::kept : PatchFate::Kind::merged, token, weight, true};
    }
  }
  if (!column.cut_in_decoder) return fates;
  for (PatchFate& fate : fates) fate.survives = fate.kind != PatchFate::Kind::kept;
  for (const std::int64_t patch : column.survivors) {
    if (patch >= 0) fates[static_cast<std::size_t>(patch)].survives = true;
  }
  return fates;
}

Colour dropped(Colour pixel) { return mix(grey_of(pixel), kBlack, 0.68); }

Colour unseen(Colour pixel, std::int64_t x, std::int64_t y) {
  return mix(grey_of(pixel), kBlack, (x + y) % 8 < 2 ? 0.55 : 0.8);
}

/// On the border of a patch towards another one.
bool on_edge(const Frame& frame, std::int64_t x, std::int64_t y, std::int64_t patch) {
  return frame.patch_at(x + 1, y) != patch || frame.patch_at(x, y + 1) != patch;
}

template <typename Paint>
void paint(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame, Paint colour) {
  for (std::int64_t y = 0; y < frame.height(); ++y) {
    for (std::int64_t x = 0; x < frame.width(); ++x) canvas.set(left + x, top + y, colour(x, y));
  }
}

}  // namespace

Frame::Frame(const Sheet& sheet) : sheet_(sheet) {
  const model::Decoded& picture = sheet.picture;
  const double scale = std::min(kPanelWidth / static_cast<double>(picture.width),
                                kPanelHeight / static_cast<double>(picture.height));
  const auto edge = [&](std::int64_t length) {
    return std::max<std::int64_t>(1, std::lround(static_cast<double>(length) * scale));
  };
  width_ = edge(picture.width);
  height_ = edge(picture.height);
  rgb_ = kernels::resample({picture.rgb, picture.height, picture.width, 3}, height_, width_,
                           kernels::Filter::bicubic, {0, 0, height_, width_});
}

Colour Frame::at(std::int64_t x, std::int64_t y) const {
  const auto i = static_cast<std::size_t>((y * width_ + x) * 3);
  return {rgb_[i], rgb_[i + 1], rgb_[i + 2]};
}

std::int64_t Frame::patch_at(std::int64_t x, std::int64_t y) const {
  const model::ClipVisionGeometry& vision = sheet_.vision;
  const auto [rows, columns] =
      model::clip_resized_size({sheet_.picture.height, sheet_.picture.width}, vision.image);
  // Pixel centres, in the resized picture, in its crop, in patches.
  const auto place = [&](std::int64_t at, std::int64_t panel, std::int64_t resized) {
    const double in_resized =
        (static_cast<double>(at) + 0.5) * static_cast<double>(resized) / static_cast<double>(panel);
    const auto begin = static_cast<double>((resized - vision.image) / 2);
    return static_cast<std::int64_t>(
        std::floor((in_resized - begin) / static_cast<double>(vision.patch)));
  };
  const std::int64_t row = place(y, height_, rows), column = place(x, width_, columns);
  const std::int64_t grid = vision.grid();
  const bool inside = row >= 0 && row < grid && column >= 0 && column < grid;
  return inside ? row * grid + column : -1;
}

std::size_t Frame::mask_at(std::int64_t x, std::int64_t y) const {
  const std::int64_t row = y * sheet_.mask_height / height_;
  const std::int64_t column = x * sheet_.mask_width / width_;
  return static_cast<std::size_t>(row * sheet_.mask_width + column);
}

void draw_picture(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame) {
  paint(canvas, left, top, frame, [&](auto x, auto y) { return frame.at(x, y); });
}

void draw_tokens(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                 const Column& column) {
  const std::int64_t patches = column.plan->sources() - 1;
  const std::vector<PatchFate> fates = fates_of(column, patches);
  paint(canvas, left, top, frame, [&](std::int64_t x, std::int64_t y) {
    const Colour pixel = frame.at(x, y);
    const std::int64_t patch = frame.patch_at(x, y);
    if (patch < 0) return unseen(pixel, x, y);
    const PatchFate& fate = fates[static_cast<std::size_t>(patch)];
    switch (fate.kind) {
      case PatchFate::Kind::dropped: return dropped(pixel);
      case PatchFate::Kind::merged: {
        const Colour tint = hue(static_cast<std::size_t>(fate.token));
        return mix(mix(grey_of(pixel), kBlack, 0.35), tint, 0.35);
      }
      case PatchFate::Kind::kept: break;
    }
    if (on_edge(frame, x, y, patch))
      return fate.survives ? Colour{255, 255, 255} : Colour{150, 150, 150};
    return fate.survives ? pixel : mix(pixel, kBlack, 0.45);
  });
}

void draw_scores(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                 std::span<const float> scores) {
  const auto [least, most] = std::minmax_element(scores.begin(), scores.end());
  const double low = *least, range = std::max<double>(static_cast<double>(*most) - low, 1e-30);
  paint(canvas, left, top, frame, [&](std::int64_t x, std::int64_t y) {
    const Colour pixel = frame.at(x, y);
    const std::int64_t patch = frame.patch_at(x, y);
    if (patch < 0) return unseen(pixel, x, y);
    const double value = (scores[static_cast<std::size_t>(patch)] - low) / range;
    return mix(grey_of(pixel), heat(value), 0.72);
  });
}

void draw_masks(Canvas& canvas, std::int64_t left, std::int64_t top, const Frame& frame,
                const std::vector<std::uint8_t>& target,
                const std::vector<std::uint8_t>* predicted) {
  paint(canvas, left, top, frame, [&](std::int64_t x, std::int64_t y) {
    const Colour base = mix(grey_of(frame.at(x, y)), kBlack, 0.3);
    const std::size_t pixel = frame.mask_at(x, y);
    const bool truth = target[pixel] != 0;
    const bool told = predicted == nullptr ? truth : (*predicted)[pixel] != 0;
    if (!truth && !told) return base;
    return mix(base, truth && told ? kHit : told ? kWrong : kMissed, 0.6);
  });
}

}  // namespace litebench::inspect
