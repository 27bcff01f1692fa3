#include "model/sam/strip_attention.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include "kernels/relative_softmax/relative_softmax.hpp"

namespace litebench::model {
namespace {

/// Of the scores of one strip.
constexpr std::int64_t kStripBytes = 4 << 20;

/// Buffers of one strip after the other.
struct Strip {
  Strip(std::int64_t rows, std::int64_t grid, const at::TensorOptions& options)
      : scores(at::empty({rows, grid * grid}, options)), inverse(at::empty({rows, 1}, options)) {}
  at::Tensor scores, inverse;
};

/// Rows [begin, begin + rows) of one head of one grid; q, k, v, out: [n², d].
void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
            const RelativePosition& position, std::int64_t begin, std::int64_t rows, Strip& strip,
            const at::Tensor& out) {
  const auto n = position.grid();
  const auto own = q.narrow(0, begin, rows);
  auto scores = strip.scores.narrow(0, 0, rows), inverse = strip.inverse.narrow(0, 0, rows);
  at::mm_out(scores, own, k.t());
  const auto offsets = position.offsets(own);  // [rows, 2(2n − 1)]
  const auto width = offsets.size(1);
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(q.size(1))));
  const float* added = offsets.const_data_ptr<float>();
  float *of_row = scores.data_ptr<float>(), *denominators = inverse.data_ptr<float>();
  at::parallel_for(0, rows, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<float> scratch(static_cast<std::size_t>(n));
    for (auto r = first; r < last; ++r) {
      const auto y = (begin + r) / n, x = (begin + r) % n;
      denominators[r] = kernels::relative_softmax(
          of_row + r * n * n, n, scale, added + r * width + position.row_offset(y),
          added + r * width + position.column_offset(x), scratch.data());
    }
  });
  auto shown = out.narrow(0, begin, rows);
  at::mm_out(shown, scores, v);
  shown.mul_(inverse);
}

}  // namespace

bool takes_strips(const at::TensorOptions& options) {
  return options.device().is_cpu() && options.dtype() == at::kFloat;
}

void strip_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const RelativePosition& position, const at::Tensor& out) {
  const auto heads = q.size(1), tokens = q.size(2), n = position.grid();
  const auto rows = std::clamp<std::int64_t>(
      kStripBytes / (tokens * static_cast<std::int64_t>(sizeof(float))), 1, tokens);
  const auto strips = (tokens + rows - 1) / rows;
  // A head's rows lie far apart; every strip's product would collect them anew.
  const auto queries = q.contiguous(), keys = k.contiguous(), values = v.contiguous();
  Strip strip(rows, n, q.options());
  // Products share themselves out among threads: called from inside a parallel region, those of LibTorch's MKL took four
  // times the processor time on two threads.
  for (std::int64_t i = 0; i < q.size(0) * heads * strips; ++i) {
    const auto of = [&](const at::Tensor& t) {
      return t.select(0, i / strips / heads).select(0, i / strips % heads);
    };
    const auto begin = i % strips * rows;
    attend(of(queries), of(keys), of(values), position, begin, std::min(rows, tokens - begin),
           strip, of(out));
  }
}

}  // namespace litebench::model
