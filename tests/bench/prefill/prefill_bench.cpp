// How fast prefill is, as ratios measured in one run (geometry "mid", random weights, fp32 or
// bf16):
//   alone / packed   four variants (576, 192, 128, 64 visual tokens), each by itself and in one pack
//   GEMM / packed    the same matrix products alone (exact shapes, the layers' own weights)
//   rate             executed operations per prefill time over GEMM operations per GEMM time;
//                    causal attention counts half its square
//   dead work        one sequence to its mask prompts as the reference computes it in vain, over lean
//   prefill_bench [fp32|bf16] [repeats] [threads]
// Times are processor seconds on one thread, so that a busy machine disturbs them less, and of the
// wall on several; the runs are interleaved and the fastest of each counts. Ends with 1 when a
// target is missed.

#include <algorithm>
#include <array>
#include <cstdlib>
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
#include "model/llama/projector.hpp"
#include "tests/support/ratios.hpp"
#include "tests/support/seconds.hpp"

namespace {

using namespace litebench;

constexpr std::int64_t kBefore = 36,
                       kAfter = 92;  // 128 text tokens, the nominal prompt of upstream.md §9.2
constexpr std::array<std::int64_t, 4> kBudgets = {576, 192, 128, 64};

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
  tensors["lm_head.weight"] = random(llama.vocab, llama.hidden);
  for (const auto& [part, rows] : {std::pair{"0", llama.hidden}, std::pair{"2", llama.out_dim}}) {
    tensors[fmt::format("model.text_hidden_fcs.0.{}.weight", part)] = random(rows, llama.hidden);
    tensors[fmt::format("model.text_hidden_fcs.0.{}.bias", part)] = random(1, rows).squeeze(0);
  }
  return std::make_shared<model::Weights>(std::move(tensors), nullptr);
}

/// A conversation of three turns whose visual tokens are the first `budget` patches.
struct Case {
  Case(std::int64_t budget, std::int64_t prompt = 7) {
    for (std::int64_t patch = 0; patch < budget; ++patch) patches.push_back(patch);
    ids.assign(kBefore, prompt);
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

/// Seconds from spliced embeddings to mask prompts with the reference's dead work, over those without.
double cost_of_dead_work(const model::Llama& llama, const model::Weights& weights, const Case& one,
                         int repeats, int threads) {
  const model::UpstreamWork work(llama.geometry().llama, weights);
  const model::SegHead seg_head(weights);
  const std::vector<std::int64_t> visual(one.patches.size(), 9);
  const at::Tensor embeds = llama.splice(one.ids, llama.embed(visual));
  double lean = 1e9, dead = 1e9;
  for (int repeat = 0; repeat <= repeats; ++repeat) {
    for (const bool upstream : {false, true}) {
      prune::TokenLedger ledger = one.ledger();
      model::Sequence sequence{.embeds = embeds, .ledger = &ledger};
      double& best = upstream ? dead : lean;
      best = std::min(best, test::seconds(threads, [&] {
                        (void)seg_head(upstream ? llama.prefill_upstream(sequence, work)
                                                : llama.prefill({&sequence, 1}).front());
                      }));
    }
  }
  return dead / lean;
}

/// Seconds of a pack of `none` and seven methods at three budgets whose system prompts differ, over those of one with a common
/// prompt.
double gain_of_common_prompt(const model::Llama& llama, int repeats, int threads) {
  double best[2] = {1e9, 1e9};
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const std::int64_t other : {0, 1}) {
      std::vector<Case> cases = {Case(576)};
      for (std::int64_t i = 0; i < 21; ++i) cases.emplace_back(kBudgets[1 + i % 3], 7 + other);
      std::vector<const Case*> all;
      for (const Case& one : cases) all.push_back(&one);
      best[other] = std::min(best[other], test::seconds(threads, [&] { prefill(llama, all); }));
    }
  }
  return best[1] / best[0];
}

/// The matrix products of a lean prefill of `rows` packed rows, `wanted` in the last layer.
double gemms(const model::Weights& weights, const model::LlamaGeometry& llama, std::int64_t rows,
             std::int64_t wanted, int threads) {
  const at::Tensor all = at::randn({rows, llama.hidden}).to(weights.dtype()),
                   wide = at::randn({rows, llama.mlp}).to(weights.dtype());
  return test::seconds(threads, [&] {
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
  const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
  const c10::InferenceMode inference;
  at::set_num_threads(threads);
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
  const double h = static_cast<double>(size.hidden);
  for (const Case& one : cases) {
    all.push_back(&one);
    const prune::TokenLedger ledger = one.ledger();
    const std::int64_t n = ledger.wanted().back() + 1, last = std::ssize(ledger.wanted());
    rows += n;
    wanted += last;
    const std::vector<std::int64_t> inner(static_cast<std::size_t>(size.layers - 1), n);
    const model::LlmFlops whole = model::llm_flops(size, inner),
                          tail = model::llm_flops(size, std::vector{last});
    linear += whole.linear + tail.linear +
              4.0 * h * h * static_cast<double>(n - last);  // k, v of the other rows
    attention += whole.attention / 2 + 4.0 * h * static_cast<double>(n * last);
  }
  // The rows before the image are the same in all sequences and go through once; attention repeats
  // them.
  const std::int64_t spared = (std::ssize(cases) - 1) * kBefore;
  linear -= model::llm_flops(size, std::vector(static_cast<std::size_t>(size.layers - 1), spared))
                .linear +
            4.0 * h * h * static_cast<double>(spared);
  rows -= spared;
  double packed = 1e9, alone = 1e9, products = 1e9;
  std::array<double, 4> each;
  each.fill(1e9);
  for (int repeat = 0; repeat <= repeats;
       ++repeat) {  // the first round warms up and is kept only if fastest
    packed = std::min(packed, test::seconds(threads, [&] { prefill(llama, all); }));
    for (std::size_t i = 0; i < cases.size(); ++i)
      each[i] = std::min(each[i], test::seconds(threads, [&] { prefill(llama, {&cases[i]}); }));
    products = std::min(products, gemms(*weights, size, rows, wanted, threads));
  }
  alone = each[0] + each[1] + each[2] + each[3];
  test::Ratios ratios(fmt::format("prefill-{}-{}", bf16 ? "bf16" : "fp32", threads),
                      fmt::format("geometry mid, {} packed rows, {} wanted, {} threads, load {}",
                                  rows, wanted, threads, test::load()));
  const std::optional<double> least = bf16 ? std::nullopt : std::optional(threads == 1 ? 0.8 : 0.7);
  ratios.add("each alone / packed", alone / packed, 1);
  ratios.add("products' time / packed prefill's time", products / packed);
  ratios.add("prefill rate / product rate, executed operations",
             (linear + attention) / packed / (linear / products), least);
  ratios.add("22 variants: different system prompts / one",
             gain_of_common_prompt(llama, repeats, threads), 1);
  for (const std::size_t i : {0U, 1U}) {
    ratios.add(fmt::format("{} tokens: with the reference's dead work / lean", kBudgets[i]),
               cost_of_dead_work(llama, *weights, cases[i], repeats, threads));
  }
  for (std::size_t i = 1; i < cases.size(); ++i) {
    ratios.add(fmt::format("{} tokens alone / 576 tokens alone", kBudgets[i]), each[i] / each[0]);
  }
  return ratios.finish();
}
