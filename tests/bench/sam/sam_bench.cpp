// sam_bench [GEOMETRY [fp32|bf16 [THREADS]]]: SAM's image encoder against the reference's sequence of operations with
// materialised scores, both against the matrix-product rate of this machine at their shapes. One process, random weights,
// processor time (of the wall on several threads); interleaved rounds, best of each, so that only ratios matter. Ends with 1
// when the two disagree or a target is missed.

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "harness/measure/device.hpp"
#include "model/sam/decoder.hpp"
#include "model/sam/encoder.hpp"
#include "tests/bench/sam/materialised_sam.hpp"
#include "tests/support/ratios.hpp"
#include "tests/support/seconds.hpp"

namespace {

using namespace litebench;
using model::SamGeometry;

constexpr int kRounds = 3;
constexpr std::int64_t kPrompts = 3;

/// Nominal operations (upstream.md §9.1): what the reference executes in products, padding included.
double encoder_flops(const SamGeometry& g) {
  const auto product = [](double n, double in, double out) { return 2 * n * in * out; };
  const double tokens = double(g.grid()) * g.grid(), window = double(g.window) * g.window;
  const double side = double((g.grid() + g.window - 1) / g.window), padded = side * side * window;
  const double global = double(g.global_blocks.size()), windowed = double(g.depth) - global;
  const auto attention = [&](double rows, double keys) {
    return product(rows, g.dim, 4.0 * g.dim) + 2 * product(rows, keys, g.dim);
  };
  return product(tokens, 3.0 * g.patch * g.patch, g.dim) +
         g.depth * 2 * product(tokens, g.dim, g.mlp) + global * attention(tokens, tokens) +
         windowed * attention(padded, window) + product(tokens, g.dim, g.out) +
         product(tokens, 9.0 * g.out, g.out);
}

/// Products per second at the shapes of the encoder's linear maps, [tokens, dim] x [dim, mlp].
double gemm_rate(const SamGeometry& g, const at::TensorOptions& options, int threads) {
  const auto tokens = g.grid() * g.grid();
  const auto x = at::randn({tokens, g.dim}, options), w = at::randn({g.dim, g.mlp}, options);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 2 * kRounds; ++i) {
    best = std::min(best, test::seconds(threads, [&] { (void)at::mm(x, w); }));
  }
  return 2.0 * double(tokens) * double(g.dim) * double(g.mlp) / best;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string geometry = argc > 1 ? argv[1] : "mid", dtype = argc > 2 ? argv[2] : "fp32";
  const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
  const c10::InferenceMode guard;
  at::set_num_threads(threads);
  const auto device = measure::open_cpu_device();  // a run's memory
  const bool bf16 = dtype == "bf16";
  const auto pair = model::load_model("random:" + geometry, "random:tiny",
                                      {.dtype = bf16 ? at::kBFloat16 : at::kFloat});
  const auto& sam = pair.geometry.sam;
  const auto options = at::TensorOptions().dtype(pair.glamm->dtype());
  const model::SamEncoder encoder(*pair.glamm, sam);
  const model::MaskDecoder decoder(*pair.glamm, sam);
  const bench::MaterialisedSam materialised(*pair.glamm, sam);
  const auto pixels = at::randn({3, sam.image, sam.image}, options);
  const auto prompts = at::randn({kPrompts, sam.out}, options);

  double ours = 1e30, theirs = 1e30, decoding = 1e30, rate = 0;
  at::Tensor seen, wanted;
  for (int round = 0; round < kRounds; ++round) {
    rate = std::max(rate, gemm_rate(sam, options, threads));
    ours = std::min(ours, test::seconds(threads, [&] { seen = encoder.forward(pixels); }));
    theirs =
        std::min(theirs, test::seconds(threads, [&] { wanted = materialised.forward(pixels); }));
    decoding =
        std::min(decoding, test::seconds(threads, [&] { (void)decoder.forward(seen, prompts); }));
  }
  const auto error = ((seen - wanted).abs().max() / wanted.abs().max()).item<double>();
  const double flops = encoder_flops(sam);
  test::Ratios ratios(fmt::format("sam-{}-{}-{}", geometry, dtype, threads),
                      fmt::format("{:.1f} GFLOP, products at {:.1f} GFLOP/s, {} threads, load {}",
                                  flops / 1e9, rate / 1e9, threads, test::load()));
  // Products of bf16 have no instruction of their own on many CPUs, and attention is not theirs.
  const std::optional<double> least =
      bf16 ? std::nullopt : std::optional(threads == 1 ? 0.65 : 0.6);
  ratios.add("encoder: materialised / ours", theirs / ours, 1);
  ratios.add("encoder: nominal rate / product rate", flops / ours / rate, least);
  ratios.add("materialised: nominal rate / product rate", flops / theirs / rate);
  ratios.add("one prompt's mask / encoder", decoding / kPrompts / ours);
  const double allowed = bf16 ? 0.1 : 1e-4;
  ratios.add("allowed difference / largest difference", allowed / error, 1);
  return ratios.finish();
}
