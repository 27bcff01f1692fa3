// Evenly spaced patches of the raster sequence.
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/spacing.hpp"

namespace litebench::prune::methods {
namespace {

class Uniform1d final : public BeforeLlmPruner {
 public:
  Uniform1d(PrunerInfo info, const Budget& budget, bool from_zero)
      : BeforeLlmPruner(std::move(info), budget), from_zero_(from_zero) {}

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    if (!from_zero_) return spaced(tokens(), vision.patches());
    std::vector<std::int64_t> patches;
    const std::int64_t stride = vision.patches() / tokens();
    for (std::int64_t j = 0; j < tokens(); ++j) patches.push_back(j * stride);
    return patches;
  }

 private:
  bool from_zero_;
};

}  // namespace

Method uniform1d() {
  Method method;
  method.info = {
      .id = "uniform1d", .title = "Uniform sequence", .paper = "", .fidelity = "litebench"};
  method.help = "evenly spaced patches of the raster sequence";
  method.about =
      "Takes N evenly spaced patches of the raster sequence: the middles of N equal parts, or "
      "every floor(576/N)-th from the first (phase=zero).";
  method.options = {
      {.name = "phase",
       .help = "center: middles of equal parts; zero: stride floor(patches/N) from the first patch",
       .values = {"center", "zero"}}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<Uniform1d>(info, budget, options.at("phase") == "zero");
  };
  return method;
}

}  // namespace litebench::prune::methods
