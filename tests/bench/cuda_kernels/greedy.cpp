#include "tests/bench/cuda_kernels/greedy.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/kthvalue.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/slice.h>

#include "kernels/greedy/dpp.hpp"
#include "kernels/greedy/max_min.hpp"
#include "kernels/greedy/parity_halving.hpp"

namespace litebench::test {
namespace {

using Picks = std::vector<std::int64_t>;

constexpr std::int64_t kRemoved = 8;   // of near-duplicates in a round, as VisPruner does
constexpr double kNeverAgain = -1e30;  // gain of what is taken

/// The same selection three ways.
struct Ways {
  std::function<void()> aten;
  std::function<Picks()> host;  ///< copies what it needs
  std::function<at::Tensor()> own;
};

void compare(const cuda::Interface& module, Ratios& ratios, const std::string& what,
             const Ways& ways) {
  at::Tensor own;
  Picks wanted;
  const auto run = [&] { own = ways.own(); };
  const Times times = interleaved(module, ways.aten, run);
  const Times host = interleaved(
      module,
      [&] {
        wanted = ways.host();
        (void)on_gpu(wanted, {std::ssize(wanted)});
      },
      run);
  report(ratios, what, times, on_cpu<std::int64_t>(own) == wanted);
  ratios.add(what + ": on the host / own", host.rival / host.own, 1);
}

/// [n, n] of random directions.
at::Tensor cosines(std::int64_t n) {
  constexpr std::int64_t kSize = 256;
  const at::Tensor x = at::randn({n, kSize}, on_device(at::kFloat));
  const at::Tensor directions = x.div(x.norm(2, at::IntArrayRef({1}), /*keepdim=*/true));
  return at::mm(directions, directions.t());
}

at::Tensor farthest(const at::Tensor& distance, std::int64_t k) {
  at::Tensor nearest = std::get<0>(at::kthvalue(distance, 2, 1));
  std::vector<at::Tensor> picks;
  for (std::int64_t step = 0; step < k; ++step) {
    picks.push_back(at::argmax(nearest, 0, /*keepdim=*/true));
    const at::Tensor row = distance.index_select(0, picks.back()).squeeze(0);
    nearest = step == 0 ? row : at::minimum(nearest, row);
  }
  return at::cat(picks);
}

at::Tensor determinant(const at::Tensor& similarity, const at::Tensor& relevance, std::int64_t k) {
  const at::Tensor kernel = similarity.mul(relevance).mul(relevance.unsqueeze(1));
  const at::Tensor rows = at::empty({k, kernel.size(0)}, kernel.options());
  at::Tensor gain = kernel.diagonal().clone();
  std::vector<at::Tensor> picks;
  for (std::int64_t step = 0; step < k; ++step) {
    picks.push_back(at::argmax(gain, 0, /*keepdim=*/true));
    const at::Tensor& pick = picks.back();
    at::Tensor row = kernel.index_select(0, pick).squeeze(0);
    if (step > 0) {
      const at::Tensor before = rows.narrow(0, 0, step);
      row = at::addmv(row, before.t(), before.index_select(1, pick).squeeze(1), 1, -1);
    }
    row = row.div(gain.index_select(0, pick).sqrt());
    rows.select(0, step).copy_(row);
    gain = at::addcmul(gain, row, row, -1).index_fill(0, pick, kNeverAgain);
  }
  return at::cat(picks);
}

at::Tensor without_near_duplicates(const at::Tensor& similarity, at::Tensor list,
                                   std::int64_t keep) {
  while (list.size(0) > keep) {
    const at::Tensor even = at::slice(list, 0, 0, list.size(0), 2),
                     odd = at::slice(list, 0, 1, list.size(0), 2);
    const std::int64_t removed = std::min({kRemoved, list.size(0) - keep, even.size(0)});
    const at::Tensor closest = similarity.index_select(0, even).index_select(1, odd).amax(1);
    const at::Tensor order = at::argsort(closest, /*stable=*/true, /*dim=*/0, /*descending=*/true);
    list = at::cat({even.index_select(0, order.narrow(0, removed, even.size(0) - removed)), odd});
  }
  return list;
}

}  // namespace

void bench_greedy(const cuda::Interface& module, Ratios& ratios, const model::Geometry& geometry) {
  const std::int64_t n = geometry.vision.patches(), k = n / 3;
  const at::Tensor similarity = cosines(n), distance = similarity.neg().add(1);
  const at::Tensor relevance = at::rand({n}, on_device(at::kFloat));
  compare(module, ratios, geometry.name + ", farthest",
          {[&] { (void)farthest(distance, k); },
           [&] { return kernels::max_min_selection(on_cpu<float>(distance).data(), n, k); },
           [&] { return max_min(module, distance.unsqueeze(0), k); }});
  compare(module, ratios, geometry.name + ", determinant",
          {[&] { (void)determinant(similarity, relevance, k); },
           [&] {
             return kernels::dpp_selection(on_cpu<float>(similarity).data(),
                                           on_cpu<float>(relevance).data(), n, k);
           },
           [&] { return dpp(module, similarity.unsqueeze(0), relevance.unsqueeze(0), k); }});
  // VisPruner at its default: half of what is kept is important, the other half comes from all others.
  const std::int64_t keep = k / 2, length = n - keep;
  const at::Tensor list = at::randperm(n, on_device(at::kLong)).narrow(0, 0, length);
  compare(module, ratios, geometry.name + ", near-duplicates",
          {[&] { (void)without_near_duplicates(similarity, list, keep); },
           [&] {
             return kernels::parity_halving(on_cpu<float>(similarity).data(), n,
                                            on_cpu<std::int64_t>(list), keep, kRemoved);
           },
           [&] {
             return parity_halving(module, similarity.unsqueeze(0), list.unsqueeze(0), keep,
                                   kRemoved);
           }});
}

}  // namespace litebench::test
