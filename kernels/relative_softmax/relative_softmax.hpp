#pragma once
// Soft-max over the cells of a grid, of scores that still lack their scale and their decomposed
// relative positions (upstream.md §6.1).

#include <cstdint>

namespace litebench::kernels {

/// Numerators of the soft-max of score · scale + by_row[y'] + by_column[x'] over the cells (y', x')
/// of an n × n grid, in place; returns the denominator's inverse. The row stays in the first-level
/// cache meanwhile; a mask for all rows would come from memory.
/// Numerators as exact as arguments rounded to float, and never below e^-87. NaN in, NaN out.
///   scores: [n²], row-major; by_row, by_column, scratch: [n]
float relative_softmax(float* scores, std::int64_t n, float scale, const float* by_row,
                       const float* by_column, float* scratch);

}  // namespace litebench::kernels
