#include "model/prune/raters.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

#include "kernels/cluster/density_peaks.hpp"
#include "kernels/select/stable_topk.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

/// Pairwise ‖h_i − h_j‖ / √d of chosen rows, fp32 on the host, as differences: a Gram matrix would
/// lose the small ones.
at::Tensor distances(const at::Tensor& states, const Indices& rows) {
  auto* data = const_cast<std::int64_t*>(rows.data());
  const at::Tensor index = at::from_blob(data, {std::ssize(rows)}, at::kLong).to(states.device());
  const at::Tensor chosen = states.index_select(0, index).to(at::kFloat);
  constexpr double kEuclidean = 2;
  constexpr std::int64_t kNoMatrixProduct = 2;
  const double scale = std::sqrt(static_cast<double>(states.size(1)));
  return (at::cdist(chosen, chosen, kEuclidean, kNoMatrixProduct) / scale)
      .to(at::kCPU)
      .contiguous();
}

/// Rows of a plan over live visual rows.
class Rows {
 public:
  void select(std::int64_t row) { mean({row}); }
  void mean(const Indices& members) {
    for (const std::int64_t member : members) {
      col_.push_back(member);
      weight_.push_back(1.0F / static_cast<float>(members.size()));
    }
    const auto sum = std::accumulate(members.begin(), members.end(), std::int64_t{0});
    anchor_.push_back(static_cast<float>(sum) / static_cast<float>(members.size()));
    row_ptr_.push_back(std::ssize(col_));
  }
  [[nodiscard]] TokenPlan plan(std::int64_t sources) && {
    return TokenPlan::rows(std::move(row_ptr_), std::move(col_), std::move(weight_),
                           std::move(anchor_), sources);
  }

 private:
  Indices row_ptr_{0}, col_;
  std::vector<float> weight_, anchor_;
};

}  // namespace

std::vector<std::int64_t> raters_of(const at::Tensor& visual, const at::Tensor& text) {
  const at::Tensor logits = at::matmul(visual.to(at::kFloat), text.to(at::kFloat).t());
  const at::Tensor parts[] = {at::softmax(logits, -1).mean(0)};
  const HostScores host(parts);
  const std::span<const float> shares = host.row(0);
  // Shares sum to one, so their mean is known without rounding.
  const double mean = 1.0 / static_cast<double>(shares.size());
  Indices raters, all(shares.size());
  std::iota(all.begin(), all.end(), std::int64_t{0});
  std::copy_if(all.begin(), all.end(), std::back_inserter(raters), [&](std::int64_t place) {
    return static_cast<double>(shares[static_cast<std::size_t>(place)]) > mean;
  });
  return raters.empty() ? all : raters;
}

std::vector<std::int64_t> rater_rows(const LayerView& view) {
  Indices rows = raters_of(view.input_visual(), view.input_text());
  const std::int64_t begin = view.ledger().visual_begin() + view.ledger().visual_count();
  for (std::int64_t& row : rows) row += begin;
  return rows;
}

std::int64_t recycled_count(std::int64_t dropped) { return 3 * dropped / 10 + 1; }

std::int64_t recycled_clusters(std::int64_t dropped) { return recycled_count(dropped) / 10 + 1; }

TokenPlan keep_and_recycle(const at::Tensor& states, const at::Tensor& scores, std::int64_t kept) {
  const at::Tensor parts[] = {scores};
  const HostScores host(parts);
  const std::int64_t visual = scores.size(0), dropped = visual - kept;
  const Indices ranked =
      kernels::stable_topk(host.row(0), kept + recycled_count(dropped), kernels::Best::largest);
  Rows rows;
  for (const std::int64_t row : raster({ranked.begin(), ranked.begin() + kept})) rows.select(row);
  const Indices recycled = raster({ranked.begin() + kept, ranked.end()});
  const at::Tensor apart = distances(states, recycled);
  const kernels::Clusters clusters = kernels::density_peaks(
      apart.const_data_ptr<float>(), std::ssize(recycled), recycled_clusters(dropped));
  for (std::size_t c = 0; c < clusters.centres.size(); ++c) {
    Indices members;
    for (std::size_t i = 0; i < recycled.size(); ++i) {
      if (clusters.cluster[i] == static_cast<std::int64_t>(c)) members.push_back(recycled[i]);
    }
    rows.mean(members);
  }
  return std::move(rows).plan(visual);
}

}  // namespace litebench::prune
