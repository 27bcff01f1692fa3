#include "model/prune/prumerge_pruner.hpp"

#include "model/prune/cost.hpp"
#include "model/prune/merge_pruner.hpp"
#include "model/prune/prumerge_rows.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

constexpr std::int64_t kNeighbours = 32;

class PruMerge final : public MergePruner {
 public:
  PruMerge(PrunerInfo info, const Budget& budget, PruMergeKind kind)
      : MergePruner(std::move(info), budget), kind_(kind) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest request;
    request.vision.layers = {{.layer = following_layer(geometry.vision), .q = true, .k = true}};
    return request;
  }

 protected:
  [[nodiscard]] TokenPlan merge(const VisionView& vision, const QueryView&) const override {
    const auto& tap = vision.features.layers.at(following_layer(vision.geometry.vision));
    const at::Tensor parts[] = {single_head_cls_attention(tap, vision.scores),
                                cosine_gram(without_cls(tap.k), vision.scores)};
    const HostScores host(parts);
    return prumerge_plan({host.row(0), host.row(1).data()}, kept(host.row(0), vision.scores.ties),
                         kNeighbours);
  }

 private:
  [[nodiscard]] std::vector<std::int64_t> kept(std::span<const float> attention,
                                               kernels::Ties ties) const {
    const bool plus = kind_ == PruMergeKind::plus;
    if (tokens() == 0) return prumerge_outliers(attention, plus, ties);
    const std::int64_t kept = tokens() - 1;  // and one token for all others
    const std::int64_t attended = plus ? kept / 4 : kept;
    return prumerge_kept(attention, attended, kept - attended, ties);
  }

  PruMergeKind kind_;
};

}  // namespace

Method prumerge_method(const std::string& id, const std::string& title, const std::string& help,
                       PruMergeKind kind) {
  Method method;
  method.info = {.id = id,
                 .title = title,
                 .paper = "arXiv 2403.15388",
                 .fidelity = "code@097c04116a58; with N, a fixed budget",
                 .merges = true,
                 .adaptive = true,
                 .native_order = unit::OrderPolicy::native};
  method.help = help;
  method.own_setting = true;
  method.macs = [](const model::Geometry& g, std::int64_t) {
    return patch_gram_macs(g, g.vision.hidden) +
           2.0 * static_cast<double>(g.vision.patches() * g.vision.hidden);
  };
  method.make = [kind](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<PruMerge>(info, budget, kind);
  };
  return method;
}

}  // namespace litebench::prune
