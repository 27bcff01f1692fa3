// N patches drawn uniformly, by seed and sample. A smaller budget's set lies within a larger one's.
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/lots.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

// Keeps the draws apart from those of other users of the same seed and sample. ASCII "rand".
constexpr std::uint32_t kMethodTag = 0x72616e64;

class Random final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    std::vector<std::int64_t> patches = by_lot(vision.key, vision.patches(), kMethodTag);
    patches.resize(static_cast<std::size_t>(tokens()));
    return raster(std::move(patches));
  }
};

}  // namespace

Method random() {
  Method method;
  method.info = {
      .id = "random", .title = "Random", .paper = "", .fidelity = "litebench", .draws = true};
  method.help = "patches drawn uniformly by seed and sample";
  method.about =
      "Draws N patches uniformly. The draw depends on seed and sample alone, and a smaller "
      "budget is a subset of a larger one.";
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<Random>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
