#include "model/prune/token_plan.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <utility>

#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

namespace litebench::prune {

struct TokenPlan::Data {
  std::int64_t sources = 0;
  bool gather = true;
  std::vector<std::int64_t> origins;
  std::vector<float> anchors;
  std::vector<std::int64_t> row_ptr, cols;
  std::vector<float> weights;
};

namespace {

// A copy on x's device: the blob belongs to the plan, which may die before an asynchronous upload
// ends.
at::Tensor upload(std::span<const std::int64_t> values, const at::Tensor& like) {
  auto* data = const_cast<std::int64_t*>(values.data());
  return at::from_blob(data, {static_cast<std::int64_t>(values.size())}, at::kLong)
      .clone()
      .to(like.device());
}

at::Tensor upload(std::span<const float> values, const at::Tensor& like) {
  auto* data = const_cast<float*>(values.data());
  return at::from_blob(data, {static_cast<std::int64_t>(values.size())}, at::kFloat)
      .clone()
      .to(like.device());
}

std::vector<std::int64_t> counted(std::int64_t n) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), std::int64_t{0});
  return values;
}

}  // namespace

TokenPlan TokenPlan::identity(std::int64_t sources) { return gather(counted(sources), sources); }

TokenPlan TokenPlan::drop_all(std::int64_t sources) { return gather({}, sources); }

TokenPlan TokenPlan::gather(std::vector<std::int64_t> index, std::int64_t sources) {
  auto data = std::make_shared<Data>();
  data->sources = sources;
  data->anchors.assign(index.begin(), index.end());
  data->row_ptr = counted(static_cast<std::int64_t>(index.size()) + 1);
  data->cols = index;
  data->weights.assign(index.size(), 1.0F);
  data->origins = std::move(index);
  assert(std::all_of(data->cols.begin(), data->cols.end(),
                     [&](std::int64_t i) { return i >= 0 && i < sources; }));
  return TokenPlan(std::move(data));
}

TokenPlan TokenPlan::rows(std::vector<std::int64_t> row_ptr, std::vector<std::int64_t> col,
                          std::vector<float> weight, std::vector<float> anchor,
                          std::int64_t sources) {
  assert(row_ptr.size() == anchor.size() + 1 && col.size() == weight.size());
  assert(row_ptr.front() == 0 && row_ptr.back() == static_cast<std::int64_t>(col.size()));
  auto data = std::make_shared<Data>();
  data->sources = sources;
  data->origins.resize(anchor.size());
  for (std::size_t row = 0; row < anchor.size(); ++row) {
    const auto first = static_cast<std::size_t>(row_ptr[row]);
    const bool selected = row_ptr[row + 1] - row_ptr[row] == 1 && weight[first] == 1.0F;
    data->origins[row] = selected ? col[first] : -1;
    data->gather = data->gather && selected;
  }
  data->anchors = std::move(anchor);
  data->row_ptr = std::move(row_ptr);
  data->cols = std::move(col);
  data->weights = std::move(weight);
  return TokenPlan(std::move(data));
}

bool TokenPlan::is_gather() const noexcept { return data_->gather; }
std::int64_t TokenPlan::size() const noexcept {
  return static_cast<std::int64_t>(data_->origins.size());
}
std::int64_t TokenPlan::sources() const noexcept { return data_->sources; }
std::span<const std::int64_t> TokenPlan::origins() const noexcept { return data_->origins; }
std::span<const float> TokenPlan::anchors() const noexcept { return data_->anchors; }
std::span<const std::int64_t> TokenPlan::row_ptr() const noexcept { return data_->row_ptr; }
std::span<const std::int64_t> TokenPlan::cols() const noexcept { return data_->cols; }
std::span<const float> TokenPlan::weights() const noexcept { return data_->weights; }

at::Tensor TokenPlan::apply(const at::Tensor& x) const {
  assert(x.size(0) == sources());
  if (is_gather()) return x.index_select(0, upload(cols(), x));
  // Picked rows of wide sums would take far more memory than the weights as a matrix.
  constexpr std::size_t kWide = 16;
  if (cols().size() > kWide * static_cast<std::size_t>(sources())) {
    return at::matmul(upload(matrix(), x).view({size(), sources()}), x.to(at::kFloat))
        .to(x.scalar_type());
  }
  const at::Tensor picked = x.index_select(0, upload(cols(), x));
  std::vector<std::int64_t> row_of(cols().size());
  for (std::int64_t row = 0; row < size(); ++row) {
    std::fill(row_of.begin() + row_ptr()[row], row_of.begin() + row_ptr()[row + 1], row);
  }
  const at::Tensor scaled = picked.to(at::kFloat) * upload(weights(), x).unsqueeze(1);
  at::Tensor sums = at::zeros({size(), x.size(1)}, x.options().dtype(at::kFloat));
  sums.index_add_(0, upload(row_of, x), scaled);
  return sums.to(x.scalar_type());
}

std::vector<float> TokenPlan::matrix() const {
  std::vector<float> dense(static_cast<std::size_t>(size() * sources()), 0.0F);
  for (std::int64_t row = 0; row < size(); ++row) {
    for (std::int64_t e = row_ptr()[row]; e < row_ptr()[row + 1]; ++e) {
      dense[static_cast<std::size_t>(row * sources() + cols()[e])] += weights()[e];
    }
  }
  return dense;
}

TokenPlan TokenPlan::then(const TokenPlan& next) const {
  assert(next.sources() == size());
  if (is_gather() && next.is_gather()) {
    std::vector<std::int64_t> index;
    for (const std::int64_t middle : next.origins()) index.push_back(origins()[middle]);
    return gather(std::move(index), sources());
  }
  std::vector<std::int64_t> row_ptr_out{0}, col_out;
  std::vector<float> weight_out, anchor_out;
  for (std::int64_t row = 0; row < next.size(); ++row) {
    std::map<std::int64_t, double> sum;  // by column, so that the order is fixed
    for (std::int64_t e = next.row_ptr()[row]; e < next.row_ptr()[row + 1]; ++e) {
      const std::int64_t middle = next.cols()[e];
      for (std::int64_t f = row_ptr()[middle]; f < row_ptr()[middle + 1]; ++f) {
        sum[cols()[f]] += static_cast<double>(next.weights()[e]) * weights()[f];
      }
    }
    for (const auto& [col, weight] : sum) {
      col_out.push_back(col);
      weight_out.push_back(static_cast<float>(weight));
    }
    row_ptr_out.push_back(static_cast<std::int64_t>(col_out.size()));
    // The place of a merged row: interpolated between the anchors of the rows it was merged from.
    const float place = next.anchors()[row];
    const auto last = static_cast<float>(size() - 1);
    const auto low = static_cast<std::int64_t>(std::clamp(place, 0.0F, last));
    const std::int64_t high = std::min(low + 1, size() - 1);
    const float part = std::clamp(place - static_cast<float>(low), 0.0F, 1.0F);
    anchor_out.push_back(anchors()[low] + part * (anchors()[high] - anchors()[low]));
  }
  return rows(std::move(row_ptr_out), std::move(col_out), std::move(weight_out),
              std::move(anchor_out), sources());
}

TokenPlan TokenPlan::by_anchor() const {
  std::vector<std::int64_t> order = counted(size());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return anchors()[a] < anchors()[b]; });
  return then(gather(std::move(order), size()));
}

TokenPlan gather_patches(std::span<const std::int64_t> patches, std::int64_t patch_count) {
  std::vector<std::int64_t> index;
  index.reserve(patches.size());
  for (const std::int64_t patch : patches) index.push_back(1 + patch);
  return TokenPlan::gather(std::move(index), 1 + patch_count);
}

}  // namespace litebench::prune
