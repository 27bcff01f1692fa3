#include "model/sam/strip_attention.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include "kernels/relative_softmax/relative_softmax.hpp"

namespace litebench::model {
namespace {

/// Of the scores of one strip.
constexpr std::int64_t kStripBytes = 4 << 20;

/// One thread's buffers.
struct Strip {
  Strip(std::int64_t rows, std::int64_t grid, const at::TensorOptions& options)
      : scores(at::empty({rows, grid * grid}, options)),
        inverse(at::empty({rows, 1}, options)),
        scratch(at::empty({grid}, options)) {}
  at::Tensor scores, inverse, scratch;
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
  const float* of_row = offsets.const_data_ptr<float>();
  for (std::int64_t r = 0; r < rows; ++r, of_row += width) {
    const auto y = (begin + r) / n, x = (begin + r) % n;
    inverse.data_ptr<float>()[r] = kernels::relative_softmax(
        scores.data_ptr<float>() + r * n * n, n, scale, of_row + position.row_offset(y),
        of_row + position.column_offset(x), strip.scratch.data_ptr<float>());
  }
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
  at::parallel_for(0, q.size(0) * heads * strips, 1, [&](std::int64_t first, std::int64_t last) {
    const c10::InferenceMode inference;  // of this thread
    Strip strip(rows, n, q.options());
    for (auto i = first; i < last; ++i) {
      const auto of = [&](const at::Tensor& t) {
        return t.select(0, i / strips / heads).select(0, i / strips % heads);
      };
      const auto begin = i % strips * rows;
      attend(of(queries), of(keys), of(values), position, begin, std::min(rows, tokens - begin),
             strip, of(out));
    }
  });
}

}  // namespace litebench::model
