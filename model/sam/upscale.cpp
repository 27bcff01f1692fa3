#include "model/sam/upscale.hpp"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>

#include "kernels/cell_attention/cell_attention.hpp"
#include "kernels/upscale/upscale.hpp"
#include "model/scratch.hpp"

namespace litebench::model {
namespace {

const std::string kPrefix = "model.grounding_encoder.mask_decoder.output_upscaling.";
constexpr double kEps = 1e-6;
/// Cells of a strip: their 256 channels behind the first convolution are 256 KiB.
constexpr std::int64_t kStripCells = 256;

bool takes_strips(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat;
}

}  // namespace

MaskUpscaler::Upsample::Upsample(const Weights& weights, const std::string& prefix)
    : weight(weights.at(prefix + ".weight").permute({0, 2, 3, 1}).flatten(1).contiguous()),
      bias(weights.at(prefix + ".bias").repeat({4})) {}

MaskUpscaler::MaskUpscaler(const Weights& glamm, const SamGeometry& geometry)
    : grid_(geometry.grid()),
      first_(glamm, kPrefix + "0"),
      second_(glamm, kPrefix + "3"),
      norm_(glamm, kPrefix + "1", kEps) {}

at::Tensor MaskUpscaler::forward(const at::Tensor& image, const at::Tensor& filters,
                                 const at::Tensor& others) const {
  const auto prompts = image.size(0), side = 4 * grid_;
  auto logits = at::empty({prompts, side, side}, filters.options());
  if (takes_strips(image)) {
    for (std::int64_t q = 0; q < prompts; ++q) {
      const auto first = [this, cells = image[q]](at::Tensor& half, std::int64_t begin) {
        at::addmm_out(half, first_.bias.unsqueeze(1), first_.weight.t(),
                      cells.narrow(0, begin, half.size(1)).t());
      };
      by_strips(first, filters[q], others.defined() ? others[q] : others, logits[q]);
    }
    return logits;
  }
  auto all = filters.unsqueeze(2);
  if (others.defined()) all = at::cat({all, others.transpose(1, 2)}, 2);
  const auto bytes = side * side * filters.size(1) * filters.element_size();
  const auto at_once = items_at_once(image.device(), prompts, bytes);
  for (std::int64_t q = 0; q < prompts; q += at_once) {
    const auto n = std::min(at_once, prompts - q);
    logits.narrow(0, q, n).copy_(by_maps(image.narrow(0, q, n), all.narrow(0, q, n)));
  }
  return logits;
}

at::Tensor MaskUpscaler::of_map(const at::Tensor& x) const { return at::mm(first_.weight.t(), x); }

void MaskUpscaler::forward(const PartedImages& images, const at::Tensor& map,
                           const at::Tensor& filters, const at::Tensor& logits) const {
  const auto rows = at::matmul(images.rows, first_.weight);
  const auto offset = at::addmv(first_.bias, first_.weight.t(), images.offset);
  const auto all = map.size(1);
  for (std::int64_t q = 0; q < filters.size(0); ++q) {
    const float *share = images.share[q].const_data_ptr<float>(),
                *norm = images.norm[q].const_data_ptr<float>();
    const auto first = [&, weights = images.weights_of(q)](at::Tensor& half, std::int64_t begin) {
      const auto cells = half.size(1), channels = half.size(0);
      at::mm_out(half, rows[q].t(), weights.narrow(1, begin, cells));
      at::parallel_for(0, channels, 16, [&](std::int64_t c, std::int64_t end) {
        kernels::join(half.data_ptr<float>() + c * half.stride(0), half.stride(0),
                      map.const_data_ptr<float>() + c * all + begin, all, end - c, cells,
                      share + begin, norm + begin, offset.const_data_ptr<float>() + c);
      });
    };
    by_strips(first, filters[q], /*others=*/{}, logits[q]);
  }
}

at::Tensor MaskUpscaler::by_maps(const at::Tensor& image, const at::Tensor& filters) const {
  const auto prompts = image.size(0), cells = image.size(1);
  auto half = norm_(at::addmm(first_.bias, image.view({prompts * cells, -1}), first_.weight)
                        .view({prompts * cells, 4, -1}));
  at::gelu_(half);
  auto full = at::addmm(second_.bias, half.view({prompts * cells * 4, -1}), second_.weight);
  at::gelu_(full);
  // Both convolutions left their 2 × 2 sub-cells beside the cell; only the finished logits are moved to raster order.
  return at::bmm(full.view({prompts, cells * 16, -1}), filters)
      .select(2, 0)
      .view({prompts, grid_, grid_, 2, 2, 2, 2})
      .permute({0, 1, 3, 5, 2, 4, 6})
      .reshape({prompts, 4 * grid_, 4 * grid_});
}

void MaskUpscaler::by_strips(const FirstMap& first, const at::Tensor& filter,
                             const at::Tensor& others, const at::Tensor& logits) const {
  const auto rows = std::clamp<std::int64_t>(kStripCells / grid_, 1, grid_);
  const auto half = at::empty({first_.bias.size(0), rows * grid_}, filter.options());
  const auto full = at::empty({second_.bias.size(0), rows * grid_}, filter.options());
  for (std::int64_t y = 0; y < grid_; y += rows) {
    const auto cells = std::min(rows, grid_ - y) * grid_;
    auto these = half.narrow(1, 0, cells);
    first(these, y * grid_);
    finish(these, full.narrow(1, 0, cells), filter, others,
           logits.data_ptr<float>() + 16 * y * grid_);
  }
}

/// Logits of half's cells, whole rows of the grid. Neighbouring cells lie side by side in both maps: [channels, cells].
void MaskUpscaler::finish(const at::Tensor& half, const at::Tensor& full, const at::Tensor& filter,
                          const at::Tensor& others, float* logits) const {
  const auto stride = half.stride(0), channels = half.size(0) / 4, outputs = full.size(0) / 4;
  const auto eps = static_cast<float>(norm_.eps);
  const float *gain = norm_.weight.const_data_ptr<float>(),
              *shift = norm_.bias.const_data_ptr<float>(),
              *bias = second_.bias.const_data_ptr<float>(),
              *weights = filter.const_data_ptr<float>();
  for (std::int64_t sub = 0; sub < 4; ++sub) {
    const auto cells = half.narrow(0, sub * channels, channels);
    float* x = cells.data_ptr<float>();
    at::parallel_for(0, half.size(1) / grid_, 1, [&](std::int64_t begin, std::int64_t end) {
      kernels::norm_gelu(x + begin * grid_, stride, channels, (end - begin) * grid_, gain, shift,
                         eps);
    });
    auto fine = full;
    at::mm_out(fine, second_.weight.t(), cells);
    // The map behind the GELU is never stored; the same products over the one before it cost as much.
    if (others.defined()) (void)at::matmul(others, fine.view({4, outputs, fine.size(1)}));
    const float* y = fine.const_data_ptr<float>();
    at::parallel_for(0, half.size(1) / grid_, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = 4 * begin; i < 4 * end; ++i) {
        const auto row = i / 4, part = i % 4;  // the cell's row and the sub-cell's sub-cell
        kernels::gelu_dot(
            y + part * outputs * stride + row * grid_, fine.stride(0), outputs, grid_, bias,
            weights,
            logits + ((4 * row + sub / 2 * 2 + part / 2) * grid_ * 4) + sub % 2 * 2 + part % 2, 4);
      }
    });
  }
}

}  // namespace litebench::model
