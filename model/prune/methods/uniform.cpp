// A regular 2-D grid of patches: rows × columns = N, as square as N allows.
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/spacing.hpp"

namespace litebench::prune::methods {
namespace {

class Uniform final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    const std::int64_t side = vision.grid(), rows = grid_rows(tokens(), side);
    if (rows == 0) return spaced(tokens(), vision.patches());
    std::vector<std::int64_t> patches;
    for (const std::int64_t row : spaced(rows, side)) {
      for (const std::int64_t col : spaced(tokens() / rows, side))
        patches.push_back(row * side + col);
    }
    return patches;
  }
};

}  // namespace

Method uniform() {
  Method method;
  method.info = {.id = "uniform", .title = "Uniform grid", .paper = "", .fidelity = "litebench"};
  method.help = "regular 2-D grid, cell centres; 1-D spacing where N has no such grid";
  method.about =
      "Takes the centres of the cells of a regular grid with N cells, its sides as equal as they "
      "can be and the wider one across.";
  method.quirks = {
      "A budget without such a grid (58 = 2 x 29) falls back to even spacing of the raster "
      "sequence."};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<Uniform>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
