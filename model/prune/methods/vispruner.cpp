// VisPruner (arXiv 2412.01818, ICCV 2025): patches of highest CLS attention, and of the others
// those that remain when near-duplicates are removed.
#include "kernels/greedy/parity_halving.hpp"
#include "kernels/select/stable_topk.hpp"
#include "model/prune/cls_pruner.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

constexpr std::int64_t kRemovedPerRound = 8;

class VisPruner final : public ClsTapPruner {
 public:
  VisPruner(PrunerInfo info, const Budget& budget, double important)
      : ClsTapPruner(std::move(info), budget), important_(important) {}

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView&) const override {
    const at::Tensor parts[] = {tapped_attention(vision),
                                cosine_gram(without_cls(vision.features.selected), vision.scores)};
    const HostScores host(parts);
    auto kept = kernels::stable_argsort(host.row(0), kernels::Best::largest, vision.scores.ties);
    const auto important =
        static_cast<std::int64_t>(static_cast<double>(tokens()) * important_);  // rounds down
    const std::vector<std::int64_t> rest(kept.begin() + important, kept.end());
    kept.resize(static_cast<std::size_t>(important));
    const auto diverse = kernels::parity_halving(host.row(1).data(), vision.patches(), rest,
                                                 tokens() - important, kRemovedPerRound);
    kept.insert(kept.end(), diverse.begin(), diverse.end());
    return raster(std::move(kept));
  }

 private:
  double important_;
};

}  // namespace

Method vispruner() {
  Method method;
  method.info = {.id = "vispruner",
                 .title = "VisPruner",
                 .paper = "arXiv 2412.01818",
                 .fidelity = "code@aefa01adc7c7"};
  method.help = "a share of patches by CLS attention, the others by diversity";
  method.about =
      "Keeps a share r of the budget by CLS attention. Of the other patches, listed by "
      "attention, it deletes up to eight per round that are nearest to a patch at an odd place "
      "of the list, until the rest of the budget is left.";
  method.quirks = {
      "The order of the list changes every round, and with it which patches face each other: "
      "kept as released.",
      "The released code stops with an error on lists of odd length; here the longer half holds "
      "the even places."};
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return patch_gram_macs(g, g.vision.hidden);
  };
  method.options = {{.name = "r",
                     .help = "share of the budget that goes to CLS attention, 0 to 1",
                     .values = {"0.5", "0", "0.25", "0.75", "1"},
                     .kind = OptionKind::number,
                     .min = 0,
                     .max = 1}};
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options& options) {
    return std::make_shared<VisPruner>(info, budget, number_of(options, "r"));
  };
  return method;
}

}  // namespace litebench::prune::methods
