// Which of the CUDA half's own kernels are worth having: each against the shortest composition of ATen's, at the shapes
// of every geometry, on one GPU. Wall time of the call with everything it queues; interleaved rounds, best of each.
//   masks     66 masks (22 variants × 3 expressions) of a 480 × 640 picture: ATen interpolates twice, compares, sums
//   top k     3 rows of scores, a third of the patches kept: ATen sorts stably
//   rows      RMSNorm, rotary embedding of queries and keys, SiLU · up of an unpruned conversation in bf16: ATen's
//             operations one by one, as model/llama composes them (at::rms_norm, which rounds once less, only beside it);
//             what a cut to a third leaves of states, cosines and sines: three index_selects
//   greedy    farthest, determinant, near-duplicates: see greedy.hpp
//   pictures  ATen has nothing that is Pillow's to the bit: the rival resizes on the CPU and copies the result
// A kernel that does not reach 1.0 is to go. Ends with 1 when one is slower or differs from its CPU reference,
// with 77 without a GPU. Not run on a GPU so far.

#include <algorithm>
#include <random>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "harness/measure/device.hpp"
#include "model/geometry.hpp"
#include "model/llama/decoder_layer.hpp"
#include "tests/bench/cuda_kernels/greedy.hpp"
#include "tests/bench/cuda_kernels/interleaved.hpp"
#include "tests/support/decoder_threads.hpp"

namespace {

using namespace litebench;
using test::interleaved;
using test::on_device;
using test::Times;

constexpr std::int64_t kHeight = 480, kWidth = 640, kMasks = 66, kTargets = 3, kText = 127;
class Bench {
 public:
  Bench(const cuda::Interface& module, test::Ratios& ratios) : module_(module), ratios_(ratios) {}

  void masks(const model::Geometry& geometry) {
    const std::int64_t sam = geometry.sam.image, low = sam / 4;
    const kernels::MaskFrame frame{low, sam, sam * 3 / 4, sam, kHeight, kWidth};
    const at::Tensor logits = at::randn({kMasks, low, low}, on_device(at::kFloat));
    const at::Tensor targets =
        at::randn({kTargets, kHeight, kWidth}, on_device(at::kFloat)).gt(0).to(at::kByte);
    std::vector<std::int32_t> which;
    for (std::int32_t m = 0; m < kMasks; ++m) which.push_back(m % kTargets);
    const at::Tensor target_of = test::on_gpu(which, {kMasks});
    const at::Tensor rows = target_of.to(at::kLong);
    const auto rival = [&] {
      const at::Tensor large = at::upsample_bilinear2d(logits.unsqueeze(1), {sam, sam}, false);
      const at::Tensor cut = large.narrow(2, 0, frame.resized_h).narrow(3, 0, frame.resized_w);
      const at::Tensor predicted =
          at::upsample_bilinear2d(cut, {kHeight, kWidth}, false).squeeze(1).gt(0);
      const at::Tensor target = targets.index_select(0, rows);
      const at::Tensor one = target.eq(1), many = target.gt(1);
      for (const at::Tensor& counted :
           {predicted, one, many, predicted.logical_and(one), predicted.logical_and(many)})
        (void)counted.sum(at::IntArrayRef({1, 2}), false, at::kLong);
    };
    test::GpuMasks own;
    const Times times = interleaved(module_, rival, [&] {
      own = test::score_masks(module_, frame, logits, targets, target_of, false);
    });
    report(geometry, "masks", times,
           same_masks(frame, logits, targets, which, test::totals_of(own)));
  }

  void topk(const model::Geometry& geometry) {
    const std::int64_t n = geometry.vision.patches(), k = n / 3;
    const at::Tensor scores = at::randn({kTargets, n}, on_device(at::kFloat));
    at::Tensor own;
    const Times times = interleaved(
        module_,
        [&] {
          (void)std::get<1>(at::sort(scores, /*stable=*/true, /*dim=*/-1, /*descending=*/true))
              .narrow(1, 0, k)
              .contiguous();
        },
        [&] { own = test::topk(module_, scores, k, kernels::Best::largest); });
    const std::vector<float> here = test::on_cpu<float>(scores);
    std::vector<std::int64_t> wanted;
    for (std::int64_t row = 0; row < kTargets; ++row) {
      const std::span<const float> of(here.data() + row * n, static_cast<std::size_t>(n));
      for (const std::int64_t i : kernels::stable_topk(of, k, kernels::Best::largest))
        wanted.push_back(i);
    }
    report(geometry, "top k", times, test::on_cpu<std::int64_t>(own) == wanted);
  }

  void norm(const model::Geometry& geometry) {
    const std::int64_t width = geometry.llama.hidden;
    const double eps = geometry.llama.rms_eps;
    const at::Tensor x = decoder_rows(geometry, {width}), weight = at::randn({width}, bf16_);
    at::Tensor own;
    const auto run = [&] { own = test::rms_norm(module_, x, weight, eps); };
    const Times times = interleaved(
        module_, [&] { (void)model::rms_norm(x, weight, eps); }, run);
    report(geometry, "RMSNorm", times,
           at::equal(own.cpu(), test::rms_norm_by_threads(x.cpu(), weight.cpu(), eps)));
    const Times fused = interleaved(
        module_, [&] { (void)at::rms_norm(x, {width}, weight, eps); }, run);
    ratios_.add(fmt::format("{}, RMSNorm: at::rms_norm / own", geometry.name),
                fused.rival / fused.own);
  }

  void rotary(const model::Geometry& geometry) {
    const model::LlamaGeometry& llama = geometry.llama;
    const at::Tensor q = decoder_rows(geometry, {llama.heads, llama.head_dim()}),
                     k = at::randn_like(q);
    const model::RotaryAngles angles{decoder_rows(geometry, {1, llama.head_dim() / 2}),
                                     decoder_rows(geometry, {1, llama.head_dim() / 2})};
    std::pair<at::Tensor, at::Tensor> own;
    const Times times = interleaved(
        module_,
        [&] {
          (void)model::rotate_by_operations(q, angles);
          (void)model::rotate_by_operations(k, angles);
        },
        [&] { own = test::rotary(module_, q, k, angles.cos, angles.sin); });
    const at::Tensor cos = angles.cos.cpu(), sin = angles.sin.cpu();
    report(geometry, "rotary", times,
           at::equal(own.first.cpu(), test::rotary_by_threads(q.cpu(), cos, sin)) &&
               at::equal(own.second.cpu(), test::rotary_by_threads(k.cpu(), cos, sin)));
  }

  void gathered(const model::Geometry& geometry) {
    const model::LlamaGeometry& llama = geometry.llama;
    const std::vector<at::Tensor> tables{decoder_rows(geometry, {llama.hidden}),
                                         decoder_rows(geometry, {1, llama.head_dim() / 2}),
                                         decoder_rows(geometry, {1, llama.head_dim() / 2})};
    std::vector<std::int64_t> kept;
    for (std::int64_t row = 0; row < tables[0].size(0); ++row) {
      if (row % 3 == 0 || row >= geometry.vision.patches()) kept.push_back(row);
    }
    const at::Tensor index = test::on_gpu(kept, {std::ssize(kept)});
    std::vector<at::Tensor> own;
    const Times times = interleaved(
        module_,
        [&] {
          for (const at::Tensor& table : tables) (void)table.index_select(0, index);
        },
        [&] { own = test::gather_rows(module_, tables, index); });
    bool same = true;
    for (std::size_t t = 0; t < tables.size(); ++t) {
      same = same && at::equal(own[t].cpu(), tables[t].cpu().index_select(0, index.cpu()));
    }
    report(geometry, "gather rows", times, same);
  }

  void gated(const model::Geometry& geometry) {
    const at::Tensor gate = decoder_rows(geometry, {geometry.llama.mlp}), up = at::randn_like(gate);
    at::Tensor scratch = gate.clone(), own;
    const Times times = interleaved(
        module_, [&] { at::silu_(scratch).mul_(up); },
        [&] { own = test::swiglu(module_, gate, up); });
    const at::Tensor wanted = test::swiglu_by_threads(gate.cpu(), up.cpu());
    report(geometry, "SiLU x up", times,
           at::allclose(own.cpu().to(at::kFloat), wanted.to(at::kFloat), /*rtol=*/1.0 / 64, 0));
  }

  void pictures(const model::Geometry& geometry, const char* what, std::int64_t height,
                std::int64_t width, kernels::Filter filter) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> picture(static_cast<std::size_t>(kHeight * kWidth * 3));
    for (std::uint8_t& byte : picture) byte = random() % 256;
    const test::GpuTaps across(kernels::make_taps(kWidth, width, filter, 0, width)),
        down(kernels::make_taps(kHeight, height, filter, 0, height));
    std::vector<std::uint8_t> resized;
    at::Tensor own;
    const Times times = interleaved(
        module_,
        [&] {
          resized = kernels::resample({picture, kHeight, kWidth, 3}, height, width, filter);
          (void)test::on_gpu(resized, {1, height, width, 3});
        },
        [&] {
          own =
              test::resample(module_, test::on_gpu(picture, {1, kHeight, kWidth, 3}), across, down);
        });
    report(geometry, what, times, test::on_cpu<std::uint8_t>(own) == resized);
  }

 private:
  /// Something of every row of an unpruned conversation.
  [[nodiscard]] at::Tensor decoder_rows(const model::Geometry& geometry,
                                        std::vector<std::int64_t> shape) const {
    shape.insert(shape.begin(), geometry.vision.patches() + kText);
    return at::randn(shape, bf16_);
  }
  void report(const model::Geometry& geometry, const char* what, const Times& times, bool same) {
    test::report(ratios_, fmt::format("{}, {}", geometry.name, what), times, same);
  }

  static bool same_masks(const kernels::MaskFrame& frame, const at::Tensor& logits,
                         const at::Tensor& targets, const std::vector<std::int32_t>& which,
                         const std::vector<kernels::MaskTotals>& totals) {
    const std::vector<float> l = test::on_cpu<float>(logits);
    const std::vector<std::uint8_t> t = test::on_cpu<std::uint8_t>(targets);
    kernels::MaskScorer scorer(frame);
    for (std::size_t m = 0; m < which.size(); ++m) {
      const auto at = static_cast<std::size_t>(frame.low_res * frame.low_res) * m;
      const auto of =
          static_cast<std::size_t>(kHeight * kWidth) * static_cast<std::size_t>(which[m]);
      if (kernels::score_of(totals[m]) != scorer.score(&l[at], &t[of], nullptr)) return false;
    }
    return true;
  }

  const at::TensorOptions bf16_ = on_device(at::kBFloat16);
  const cuda::Interface& module_;
  test::Ratios& ratios_;
};

}  // namespace

int main() {
  const test::Gpu gpu = test::find_gpu();
  if (gpu.module == nullptr) {
    fmt::print("cuda_kernels: skipped, {}\n", gpu.reason);
    return 77;
  }
  const c10::InferenceMode inference;
  const auto device = measure::open_cuda_device(0);
  test::Ratios ratios("cuda_kernels",
                      fmt::format("{}, least of {} rounds, load {}", device->info().name,
                                  test::kRounds, test::load()));
  Bench bench(*gpu.module, ratios);
  for (const std::string& name : model::geometry_names()) {
    const model::Geometry geometry = model::named_geometry(name);
    bench.masks(geometry);
    bench.topk(geometry);
    bench.norm(geometry);
    bench.rotary(geometry);
    bench.gated(geometry);
    bench.gathered(geometry);
    test::bench_greedy(*gpu.module, ratios, geometry);
    bench.pictures(geometry, "picture for SAM", geometry.sam.image * 3 / 4, geometry.sam.image,
                   kernels::Filter::bilinear);
    bench.pictures(geometry, "picture for CLIP", geometry.vision.image,
                   geometry.vision.image * 4 / 3, kernels::Filter::bicubic);
  }
  return ratios.finish();
}
