#pragma once
// The greedy selections' part of the bench.

#include "model/geometry.hpp"
#include "tests/bench/cuda_kernels/interleaved.hpp"

namespace litebench::test {

/// A third of the patches kept, of one picture. Two rivals: ATen, which takes some launches for every pick or round, does not wait for the host and
/// sums determinants in float (own: double); and what a run does now, a copy to the host, the CPU's selection and the picks back.
void bench_greedy(const cuda::Interface& module, Ratios& ratios, const model::Geometry& geometry);

}  // namespace litebench::test
