// sam_bench [GEOMETRY [fp32|bf16]]: SAM's image encoder against the reference's sequence of operations with materialised
// scores, both against the matrix-product rate of this machine at their shapes. One thread, one process, random weights;
// interleaved rounds, best of each, so that only ratios matter. Ends with 1 when the two disagree.

#include <algorithm>
#include <ctime>
#include <functional>
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

namespace {

using namespace litebench;
using model::SamGeometry;

constexpr int kRounds = 3;
constexpr std::int64_t kPrompts = 3;

/// Processor time, which with one thread is the time on an idle machine, and unlike it bears a busy one.
double seconds(const std::function<void()>& work) {
  const auto start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

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

/// What upstream.md §9.1 counts for one prompt at SAM's own sizes, 3.61 GFLOP, from the same formula at any size.
double decoder_flops(const SamGeometry& g) {
  const double cells = double(g.grid()) * g.grid(), c = g.out, inner = c / g.decoder_downsample;
  const double tokens = g.mask_tokens + 2;
  const double projections =
      g.decoder_depth * 4 * 2 * cells * c * inner + 2 * 2 * cells * c * inner;
  const double scores = (2 * g.decoder_depth + 1) * 2 * 2 * cells * tokens * inner;
  const double upscale =
      2 * cells * c * c + 2 * (4 * cells) * (c / 4) * (c / 2) + 2 * (16 * cells) * (c / 8);
  return projections + scores + upscale;
}

/// Products per second at the shapes of the encoder's linear maps, [tokens, dim] x [dim, mlp].
double gemm_rate(const SamGeometry& g, const at::TensorOptions& options) {
  const auto tokens = g.grid() * g.grid();
  const auto x = at::randn({tokens, g.dim}, options), w = at::randn({g.dim, g.mlp}, options);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 2 * kRounds; ++i) {
    best = std::min(best, seconds([&] { (void)at::mm(x, w); }));
  }
  return 2.0 * double(tokens) * double(g.dim) * double(g.mlp) / best;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string geometry = argc > 1 ? argv[1] : "mid", dtype = argc > 2 ? argv[2] : "fp32";
  const c10::InferenceMode guard;
  at::set_num_threads(1);
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
    rate = std::max(rate, gemm_rate(sam, options));
    ours = std::min(ours, seconds([&] { seen = encoder.forward(pixels); }));
    theirs = std::min(theirs, seconds([&] { wanted = materialised.forward(pixels); }));
    decoding = std::min(decoding, seconds([&] { (void)decoder.forward(seen, prompts); }));
  }
  const auto error = ((seen - wanted).abs().max() / wanted.abs().max()).item<double>();
  const double flops = encoder_flops(sam);
  fmt::print("geometry {} {}, 1 thread, {:.1f} GFLOP, products at {:.1f} GFLOP/s\n", geometry,
             dtype, flops / 1e9, rate / 1e9);
  fmt::print("encoder / materialised: {:.2f}x faster, difference {:.1e} of the largest value\n",
             theirs / ours, error);
  fmt::print("share of the product rate at nominal operations: {:.0f} % (materialised {:.0f} %)\n",
             100 * flops / ours / rate, 100 * flops / theirs / rate);
  fmt::print(
      "mask decoder: {:.0f} % of that rate at nominal operations, one prompt = {:.1f} % of the "
      "encoder's time\n",
      100 * kPrompts * decoder_flops(sam) / decoding / rate, 100 * decoding / kPrompts / ours);
  return error < (bf16 ? 0.1 : 1e-4) ? 0 : 1;
}
