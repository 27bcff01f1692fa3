#pragma once
// What SAM's mask upscaling does between its products (upstream.md §6.3). Neighbouring cells lie side
// by side, [channels, cells], so that every sum over channels is one of whole vectors; the last map
// is summed up where it is made and never laid out.

#include <cstdint>

namespace litebench::kernels {

/// LayerNorm2d over the channels of each cell, then GELU, in place. x: [channels, cells], rows
/// `stride` floats apart; gain, bias: [channels].
void norm_gelu(float* x, std::int64_t stride, std::int64_t channels, std::int64_t cells,
               const float* gain, const float* bias, float eps);

/// out[step · cell] = Σ_c filter[c] · GELU(x[c, cell] + bias[c]). x as above; bias, filter: [channels].
void gelu_dot(const float* x, std::int64_t stride, std::int64_t channels, std::int64_t cells,
              const float* bias, const float* filter, float* out, std::int64_t step);

}  // namespace litebench::kernels
