#include "model/prune/pruner.hpp"

#include <numeric>

namespace litebench::prune {

at::Tensor LayerView::visual() const {
  return hidden().narrow(0, ledger().visual_begin(), ledger().visual_count());
}

at::Tensor LayerView::text_after() const {
  const std::int64_t begin = ledger().visual_begin() + ledger().visual_count();
  return hidden().narrow(0, begin, ledger().length() - begin);
}

double Schedule::mean() const {
  if (entering.empty()) return 0;
  const auto sum = std::accumulate(entering.begin(), entering.end(), std::int64_t{0});
  return static_cast<double>(sum) / static_cast<double>(entering.size());
}

TapRequest Pruner::taps(const model::Geometry&) const { return {}; }

std::unique_ptr<RunState> Pruner::begin(const SampleKey&) const { return nullptr; }

TokenPlan Pruner::before_llm(const VisionView& vision, const QueryView&, RunState*) const {
  std::vector<std::int64_t> all(static_cast<std::size_t>(vision.patches()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return gather_patches(all, vision.patches());
}

at::Tensor Pruner::scores(const VisionView&, const QueryView&) const { return {}; }

std::vector<std::int64_t> Pruner::cut_layers(const model::Geometry&) const { return {}; }

std::optional<TokenPlan> Pruner::before_layer(const LayerView&, RunState*) const {
  return std::nullopt;
}

}  // namespace litebench::prune
