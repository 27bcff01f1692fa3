// How fast prefill is, as ratios measured in one run (geometry "mid", random weights, 1 thread,
// fp32 or bf16):
//   alone / packed   four variants (576, 192, 128, 64 visual tokens), each by itself and in one pack
//   GEMM / packed    the same matrix products alone (exact shapes, the layers' own weights)
//   rate             executed operations per prefill time over GEMM operations per GEMM time;
//                    causal attention counts half its square
//   prefill_bench [fp32|bf16] [repeats]
// Times are CPU seconds of the thread, so that a busy machine disturbs them less; the runs are
// interleaved and the fastest of each counts.

#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include "harness/measure/device.hpp"
#include "model/llama/accounting.hpp"
#include "model/llama/llama.hpp"

namespace {

using namespace litebench;

constexpr std::int64_t kBefore = 36,
                       kAfter = 92;  // 128 text tokens, the nominal prompt of upstream.md §9.2
constexpr std::array<std::int64_t, 4> kBudgets = {576, 192, 128, 64};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double timed(const std::function<void()>& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

std::shared_ptr<model::Weights> random_weights(const model::LlamaGeometry& llama,
                                               at::ScalarType dtype) {
  std::map<std::string, at::Tensor> tensors;
  const auto random = [&](std::int64_t rows, std::int64_t cols) {
    return (at::randn({rows, cols}) * 0.03).to(dtype);
  };
  const at::Tensor ones = at::ones({llama.hidden}).to(dtype);
  for (std::int64_t layer = 0; layer < llama.layers; ++layer) {
    const auto name = [&](const char* part) {
      return fmt::format("model.layers.{}.{}.weight", layer, part);
    };
    for (const char* part :
         {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"}) {
      tensors[name(part)] = random(llama.hidden, llama.hidden);
    }
    tensors[name("mlp.gate_proj")] = random(llama.mlp, llama.hidden);
    tensors[name("mlp.up_proj")] = random(llama.mlp, llama.hidden);
    tensors[name("mlp.down_proj")] = random(llama.hidden, llama.mlp);
    tensors[name("input_layernorm")] = tensors[name("post_attention_layernorm")] = ones;
  }
  tensors["model.embed_tokens.weight"] = random(llama.vocab, llama.hidden);
  tensors["model.norm.weight"] = ones;
  return std::make_shared<model::Weights>(std::move(tensors), nullptr);
}

/// A conversation of three turns whose visual tokens are the first `budget` patches.
struct Case {
  explicit Case(std::int64_t budget) {
    for (std::int64_t patch = 0; patch < budget; ++patch) patches.push_back(patch);
    ids.assign(kBefore, 7);
    ids.push_back(prune::kImagePlaceholder);
    ids.insert(ids.end(), kAfter, 7);
    for (const std::int64_t back : {62, 40, 3})
      ids[ids.size() - static_cast<std::size_t>(back)] = 1004;
  }
  [[nodiscard]] prune::TokenLedger ledger() const {
    return {ids, prune::gather_patches(patches, 576), {.patches = 576, .seg_token = 1004}};
  }
  std::vector<std::int64_t> ids, patches;
};

void prefill(const model::Llama& llama, const std::vector<const Case*>& cases) {
  std::vector<prune::TokenLedger> ledgers;
  std::vector<model::Sequence> pack;
  for (const Case* one : cases) ledgers.push_back(one->ledger());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::vector<std::int64_t> visual(cases[i]->patches.size(), 9);
    pack.push_back(
        {.embeds = llama.splice(cases[i]->ids, llama.embed(visual)), .ledger = &ledgers[i]});
  }
  (void)llama.prefill(pack);
}

/// The matrix products of a lean prefill of `rows` packed rows, `wanted` in the last layer.
double gemms(const model::Weights& weights, const model::LlamaGeometry& llama, std::int64_t rows,
             std::int64_t wanted) {
  const at::Tensor all = at::randn({rows, llama.hidden}).to(weights.dtype()),
                   wide = at::randn({rows, llama.mlp}).to(weights.dtype());
  return timed([&] {
    for (std::int64_t layer = 0; layer < llama.layers; ++layer) {
      const std::int64_t n = layer + 1 == llama.layers ? wanted : rows;
      const at::Tensor some = all.narrow(0, 0, n), some_wide = wide.narrow(0, 0, n);
      const auto weight = [&](const char* part) {
        return weights.at(fmt::format("model.layers.{}.{}.weight", layer, part));
      };
      for (const char* part : {"self_attn.k_proj", "self_attn.v_proj"})
        (void)at::linear(all, weight(part));
      for (const char* part :
           {"self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj"}) {
        (void)at::linear(some, weight(part));
      }
      (void)at::linear(some_wide, weight("mlp.down_proj"));
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bool bf16 = argc > 1 && std::string(argv[1]) == "bf16";
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 7;
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  // A run's memory: with the C library's, freed pages are cleared anew in every layer.
  const auto device = measure::open_cpu_device();
  const model::Geometry geometry = model::named_geometry("mid");
  const auto weights = random_weights(geometry.llama, bf16 ? at::kBFloat16 : at::kFloat);
  const model::Llama llama(geometry, weights);
  std::vector<Case> cases(kBudgets.begin(), kBudgets.end());
  std::vector<const Case*> all;
  std::int64_t rows = 0, wanted = 0;
  double linear = 0, attention = 0;
  const auto& size = geometry.llama;
  for (const Case& one : cases) {
    all.push_back(&one);
    const prune::TokenLedger ledger = one.ledger();
    const std::int64_t n = ledger.wanted().back() + 1, last = std::ssize(ledger.wanted());
    rows += n;
    wanted += last;
    const std::vector<std::int64_t> inner(static_cast<std::size_t>(size.layers - 1), n);
    const model::LlmFlops whole = model::llm_flops(size, inner),
                          tail = model::llm_flops(size, std::vector{last});
    const double h = static_cast<double>(size.hidden);
    linear += whole.linear + tail.linear +
              4.0 * h * h * static_cast<double>(n - last);  // k, v of the other rows
    attention += whole.attention / 2 + 4.0 * h * static_cast<double>(n * last);
  }
  double packed = 1e9, alone = 1e9, products = 1e9;
  std::array<double, 4> each;
  each.fill(1e9);
  for (int repeat = 0; repeat <= repeats;
       ++repeat) {  // the first round warms up and is kept only if fastest
    packed = std::min(packed, timed([&] { prefill(llama, all); }));
    for (std::size_t i = 0; i < cases.size(); ++i)
      each[i] = std::min(each[i], timed([&] { prefill(llama, {&cases[i]}); }));
    products = std::min(products, gemms(*weights, size, rows, wanted));
  }
  alone = each[0] + each[1] + each[2] + each[3];
  fmt::print("prefill, geometry mid, {}, 1 thread, {} packed rows, {} wanted\n",
             bf16 ? "bf16" : "fp32", rows, wanted);
  fmt::print("  alone / packed            {:.3f}   (above 1: packing is faster)\n", alone / packed);
  fmt::print("  GEMM time / packed time   {:.3f}\n", products / packed);
  fmt::print(
      "  prefill rate / GEMM rate  {:.3f}   (executed operations, causal attention included)\n",
      (linear + attention) / packed / (linear / products));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    fmt::print("  {:>3} tokens alone: time / 576 tokens alone  {:.3f}\n", kBudgets[i],
               each[i] / each[0]);
  }
  return 0;
}
