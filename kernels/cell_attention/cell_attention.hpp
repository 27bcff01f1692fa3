#pragma once
// What attention between a few tokens and the cells of an image does between its products, where an
// image is only known in parts (model/sam/parted.hpp): scores are norm · x + added, cell by cell.

#include <cstdint>

namespace litebench::kernels {

/// Tokens look at cells. x: numerators of the soft-max over the cells of norm · x + added, times norm,
/// in place; returns the inverse of the denominator. All [cells].
float weights_of_cells(float* x, const float* norm, const float* added, std::int64_t cells);

/// Cells look at tokens: the soft-max over the tokens of norm · x + added, without the first token,
/// whose weight is what the others leave. x is scratch afterwards.
///   x, added: [tokens, cells]; norm: [cells]; weights: [tokens − 1, cells]; strides: floats between
///   rows, of `added` 0 where all tokens share one
void weights_of_tokens(float* x, std::int64_t x_stride, const float* norm, const float* added,
                       std::int64_t added_stride, std::int64_t tokens, std::int64_t cells,
                       float* weights, std::int64_t weights_stride);

/// norm[cell] = 1 / √(Σ_c (z[c, cell] + share[cell] · x[c, cell])² / channels + eps), of sums over
/// centred channels. z, x: [channels, cells], rows z_stride and x_stride apart.
void inverse_deviations(const float* z, std::int64_t z_stride, const float* x,
                        std::int64_t x_stride, std::int64_t channels, std::int64_t cells,
                        const float* share, float eps, float* norm);

/// z[c, cell] = norm[cell] · (z[c, cell] + share[cell] · x[c, cell]) + offset[c], in place.
void join(float* z, std::int64_t z_stride, const float* x, std::int64_t x_stride,
          std::int64_t channels, std::int64_t cells, const float* share, const float* norm,
          const float* offset);

}  // namespace litebench::kernels
