// mask_decoder_bench [GEOMETRY [THREADS]]: masks of 1, 8 and 64 prompts on one picture against the reference's sequence of
// operations (every projection per prompt, all maps and mask tokens), in fp32. One process, random weights, processor time
// (of the wall on several threads); interleaved rounds, best of each, so that only ratios matter. Ends with 1 when the two
// disagree or a target is missed.

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "harness/measure/device.hpp"
#include "model/sam/decoder.hpp"
#include "tests/support/ratios.hpp"
#include "tests/support/reference_mask_decoder.hpp"
#include "tests/support/seconds.hpp"

namespace {

using namespace litebench;
using model::SamGeometry;

constexpr int kRounds = 3;
constexpr double kForever = std::numeric_limits<double>::infinity();

/// Operations of the reference's products over the cells, one prompt (upstream.md §9.1): 3.61e9 at SAM's own sizes.
double nominal_flops(const SamGeometry& g) {
  const double cells = double(g.grid()) * g.grid(), c = g.out, inner = c / g.decoder_downsample;
  const double tokens = g.mask_tokens + 2, attentions = 2 * g.decoder_depth + 1;
  return attentions * (2 * 2 * cells * c * inner + 2 * 2 * cells * tokens * inner) +
         2 * cells * c * c + 2 * (4 * cells) * (c / 4) * (c / 2) + 2 * (16 * cells) * (c / 8);
}

/// Operations of the products over the cells that the decoder executes for so many prompts.
double executed_flops(const SamGeometry& g, std::int64_t prompts) {
  const double cells = double(g.grid()) * g.grid(), c = g.out, inner = c / g.decoder_downsample;
  const double heads = double(g.decoder_heads), tokens = g.mask_tokens + 2.0,
               depth = double(g.decoder_depth);
  const double second = 2 * (4 * cells) * (c / 4) * (c / 2), first = 2 * cells * c * c;
  if (prompts < model::MaskDecoder::kPartsFrom) {
    const double scores = 2 * cells * c * heads;  // of one token
    return double(prompts) * ((4 * depth * tokens + 2) * scores + first + second);
  }
  const double layer = heads * (tokens - 1) + 1, parts = depth * layer;
  double prompt =
      2 * cells * parts * (2 * heads + c) + second;  // last attention, first convolution
  for (double rows = 0; rows < parts; rows += layer) {
    prompt += 3 * 2 * cells * heads * tokens * rows + 2 * cells * c * (rows + layer);
    prompt += (rows > 0 ? 5 : 3) * 2 * cells * tokens * inner;  // of the map and of positions
  }
  const double picture = (3 * depth + 2) * 2 * cells * c * inner + first;
  return double(prompts) * (prompt + 3 * 2 * cells * inner) + picture;
}

/// Products per second at the shape of the cells' projections, [grid², out] x [out, out].
double product_rate(const SamGeometry& g, int threads) {
  const auto cells = g.grid() * g.grid();
  const auto x = at::randn({cells, g.out}), w = at::randn({g.out, g.out});
  auto out = at::empty({cells, g.out});
  double best = kForever;
  for (int i = 0; i < 8; ++i) {
    best = std::min(best, test::seconds(threads, [&] { at::mm_out(out, x, w); }));
  }
  return 2.0 * double(cells) * double(g.out) * double(g.out) / best;
}

struct Case {
  explicit Case(std::int64_t count, const SamGeometry& sam)
      : count(count), prompts(at::randn({count, sam.out})) {}
  std::int64_t count;
  at::Tensor prompts;
  double ours = kForever, reference = kForever;
  double difference = 0;  ///< largest, as a part of the largest logit
};

}  // namespace

int main(int argc, char** argv) {
  const std::string geometry = argc > 1 ? argv[1] : "mid";
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  const c10::InferenceMode guard;
  at::set_num_threads(threads);
  const auto device = measure::open_cpu_device();  // a run's memory
  const auto pair = model::load_model("random:" + geometry, "random:tiny", {});
  const auto& sam = pair.geometry.sam;
  const model::MaskDecoder decoder(*pair.glamm, sam);
  const test::ReferenceMaskDecoder reference(*pair.glamm, sam, decoder.positions());
  // Channels last in memory, as the encoder leaves it.
  const auto embedding = at::randn({sam.grid(), sam.grid(), sam.out}).permute({2, 0, 1});

  std::vector<Case> cases;
  for (const std::int64_t count : {1, 8, 64}) cases.emplace_back(count, sam);
  double rate = 0;
  for (int round = 0; round < kRounds; ++round) {
    rate = std::max(rate, product_rate(sam, threads));
    for (auto& [count, prompts, ours, theirs, difference] : cases) {
      at::Tensor seen, wanted;
      ours = std::min(ours,
                      test::seconds(threads, [&] { seen = decoder.forward(embedding, prompts); }));
      // The reference takes a picture's prompts at once, three at most; 64 of them would want 20 GB.
      const auto these = prompts.narrow(0, 0, std::min<std::int64_t>(count, 8));
      const double part = double(count) / double(these.size(0));
      theirs = std::min(theirs, part * test::seconds(threads, [&] {
                                  wanted = reference.forward(embedding, these).logits.select(1, 0);
                                }));
      const auto difference_now =
          (seen.narrow(0, 0, these.size(0)) - wanted).abs().max() / wanted.abs().max();
      difference = std::max(difference, difference_now.item<double>());
    }
  }
  test::Ratios ratios(fmt::format("mask-decoder-{}-{}", geometry, threads),
                      fmt::format("{:.2f} GFLOP a prompt in the reference, products at {:.1f} "
                                  "GFLOP/s, {} threads, load {}",
                                  nominal_flops(sam) / 1e9, rate / 1e9, threads, test::load()));
  for (const auto& [count, prompts, ours, theirs, difference] : cases) {
    fmt::print("  {} prompts: {:.2f} ms each, the reference {:.2f}\n", count,
               1e3 * ours / double(count), 1e3 * theirs / double(count));
    ratios.add(fmt::format("{} prompts: reference / ours", count), theirs / ours);
    ratios.add(fmt::format("{} prompts: nominal rate / product rate", count),
               double(count) * nominal_flops(sam) / ours / rate);
    ratios.add(fmt::format("{} prompts: executed rate / product rate", count),
               executed_flops(sam, count) / ours / rate);
    ratios.add(fmt::format("{} prompts: allowed difference / largest", count), 1e-4 / difference,
               1);
  }
  return ratios.finish();
}
