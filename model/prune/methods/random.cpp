// N patches drawn uniformly. Every patch gets a 64-bit number that depends on seed, sample and
// patch alone, and the N smallest are kept: the same patches on any rank and in any batch, and a
// smaller budget's set lies within a larger one's.
#include <algorithm>
#include <utility>

#include "kernels/random/philox.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

// Keeps the draws apart from those of other users of the same seed and sample. ASCII "rand".
constexpr std::uint32_t kMethodTag = 0x72616e64;

constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

class Random final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    const auto seed = static_cast<std::uint64_t>(vision.key.seed);
    std::vector<std::pair<std::uint64_t, std::int64_t>> lots;
    for (std::int64_t patch = 0; patch < vision.patches(); ++patch) {
      const auto bits = kernels::philox4x32(
          std::array<std::uint32_t, 4>{static_cast<std::uint32_t>(patch), low(vision.key.sample_id),
                                       high(vision.key.sample_id), kMethodTag},
          std::array<std::uint32_t, 2>{low(seed), high(seed)});
      lots.emplace_back(std::uint64_t{bits[0]} << 32 | bits[1], patch);
    }
    std::sort(lots.begin(), lots.end());
    std::vector<std::int64_t> patches;
    for (std::int64_t i = 0; i < tokens(); ++i)
      patches.push_back(lots[static_cast<std::size_t>(i)].second);
    return raster(std::move(patches));
  }
};

}  // namespace

Method random() {
  Method method;
  method.info = {
      .id = "random", .title = "Random", .paper = "", .fidelity = "litebench", .draws = true};
  method.help = "patches drawn uniformly by seed and sample";
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<Random>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
