// Adaptive average pooling of the feature map before the projector: coverage without choosing.
#include "model/prune/merge_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/spacing.hpp"

namespace litebench::prune::methods {
namespace {

struct Window {
  std::int64_t begin, end;
};

/// Part i of `parts` overlapping parts of [0, size): ⌊i·size / parts⌋ up to ⌈(i + 1)·size / parts⌉.
Window window(std::int64_t i, std::int64_t parts, std::int64_t size) {
  return {i * size / parts, ((i + 1) * size + parts - 1) / parts};
}

class AvgPool final : public MergePruner {
 public:
  using MergePruner::MergePruner;

 protected:
  [[nodiscard]] TokenPlan merge(const VisionView& vision, const QueryView&) const override {
    const std::int64_t rows = grid_rows(tokens(), vision.grid());
    // Without a grid the raster sequence is one long row.
    return rows == 0 ? pooled(1, tokens(), 1, vision.patches())
                     : pooled(rows, tokens() / rows, vision.grid(), vision.grid());
  }

 private:
  /// A height × width map of patches pooled to rows × cols.
  static TokenPlan pooled(std::int64_t rows, std::int64_t cols, std::int64_t height,
                          std::int64_t width) {
    PlanBuilder builder(height * width);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t col = 0; col < cols; ++col) {
        const Window ys = window(row, rows, height), xs = window(col, cols, width);
        const auto share = 1.0F / static_cast<float>((ys.end - ys.begin) * (xs.end - xs.begin));
        for (std::int64_t y = ys.begin; y < ys.end; ++y) {
          for (std::int64_t x = xs.begin; x < xs.end; ++x) builder.add(y * width + x, share);
        }
        builder.end_row();
      }
    }
    return std::move(builder).plan();
  }
};

}  // namespace

Method avgpool() {
  Method method;
  method.info = {.id = "avgpool",
                 .title = "Average pooling",
                 .paper = "",
                 .fidelity = "litebench",
                 .merges = true};
  method.help = "mean of the cells of a regular 2-D grid; 1-D cells where N has no such grid";
  method.about =
      "Averages the features within the cells of the grid of uniform, before the projector. The "
      "control that tells coverage from selection.";
  method.quirks = {"A budget without such a grid averages N equal parts of the raster sequence."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<AvgPool>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
