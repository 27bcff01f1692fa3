// What a selection before the language model costs, as a share of the unpruned prefill, at the
// shapes of GLaMM-7B (576 patches, CLIP 1024 wide, 4096 behind the projector), fp32, 1 thread:
//   select_bench [tokens=192 [repeats=3]]
//   select   choosing the tokens: everything the method does between seeing and plan
//   see      the matrix products that the model runs only for the method (cost.hpp lists them)
// The prefill has 32 layers; two of them are timed at true size, every row of them,
// and their time is counted sixteen times. Inputs are random. Times are processor seconds of the
// thread; the fastest of the repeats counts, and prefill and selections alternate. Ends with 1 when
// a selection takes 5 % of the prefill or more.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <c10/core/InferenceMode.h>

#include "model/llama/llama.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "model/prune/scores.hpp"
#include "tests/support/ratios.hpp"

namespace {

using namespace litebench;

constexpr std::int64_t kText = 128, kTimedLayers = 2;
constexpr double kLimit = 0.05;

double timed(const std::function<void()>& work) {
  const auto seconds = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const double start = seconds();
  work();
  return seconds() - start;
}

/// Two decoder layers of true size with everything around them made small.
class TrueLayers {
 public:
  explicit TrueLayers(const model::Geometry& whole) : geometry_(whole) {
    geometry_.llama.layers = kTimedLayers;
    geometry_.llama.vocab = 16;
    const model::LlamaGeometry& llama = geometry_.llama;
    std::map<std::string, at::Tensor> tensors;
    const at::Tensor ones = at::ones({llama.hidden});
    for (std::int64_t layer = 0; layer < kTimedLayers; ++layer) {
      const auto name = [&](const char* part) {
        return fmt::format("model.layers.{}.{}.weight", layer, part);
      };
      for (const char* part :
           {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"}) {
        tensors[name(part)] = at::randn({llama.hidden, llama.hidden}) * 0.02;
      }
      for (const char* part : {"mlp.gate_proj", "mlp.up_proj"}) {
        tensors[name(part)] = at::randn({llama.mlp, llama.hidden}) * 0.02;
      }
      tensors[name("mlp.down_proj")] = at::randn({llama.hidden, llama.mlp}) * 0.02;
      tensors[name("input_layernorm")] = tensors[name("post_attention_layernorm")] = ones;
    }
    tensors["model.embed_tokens.weight"] = at::randn({llama.vocab, llama.hidden});
    tensors["model.norm.weight"] = ones;
    llama_ = std::make_unique<model::Llama>(
        geometry_, std::make_shared<model::Weights>(std::move(tensors), nullptr));
    ids_.assign(kText, 7);
    ids_[kText / 3] = prune::kImagePlaceholder;
    ids_[kText - 4] = kSeg;
    embeds_ = llama_->splice(ids_, at::randn({geometry_.vision.patches(), llama.hidden}));
  }

  /// Seconds of 32 layers.
  [[nodiscard]] double seconds(std::int64_t layers) const {
    std::vector<std::int64_t> patches(static_cast<std::size_t>(geometry_.vision.patches()));
    for (std::size_t i = 0; i < patches.size(); ++i) patches[i] = static_cast<std::int64_t>(i);
    prune::TokenLedger ledger(ids_, prune::gather_patches(patches, std::ssize(patches)),
                              {.patches = std::ssize(patches), .seg_token = kSeg});
    model::Sequence sequence{.embeds = embeds_, .ledger = &ledger};
    const double time = timed([&] { (void)llama_->prefill({&sequence, 1}, {.lean = false}); });
    return time / kTimedLayers * static_cast<double>(layers);
  }

 private:
  static constexpr std::int64_t kSeg = 9;
  model::Geometry geometry_;
  std::unique_ptr<model::Llama> llama_;
  std::vector<std::int64_t> ids_;
  at::Tensor embeds_;
};

/// One random picture as every method wants to see it.
struct Scene {
  explicit Scene(const model::Geometry& whole) : geometry(whole) {
    const model::ClipVisionGeometry& vision = geometry.vision;
    const std::int64_t rows = 1 + vision.patches();
    const auto features_like = [&] { return at::randn({rows, vision.hidden}); };
    features.selected = features_like();
    for (const std::int64_t layer :
         {prune::producing_layer(vision), prune::following_layer(vision)}) {
      model::ClipLayerTap& tap = features.layers[layer];
      tap.cls_attention = at::softmax(at::randn({vision.heads, rows}), -1).narrow(1, 1, rows - 1);
      tap.q = features_like();
      tap.k = features_like();
      tap.v = features_like();
    }
    for (std::int64_t layer = 0; layer <= vision.layers; ++layer) {
      features.hidden[layer] = features_like();
    }
    features.joint = at::randn({vision.patches(), vision.projection});
    queries.embeds = at::randn({1, vision.projection});
    projected = at::randn({vision.patches(), geometry.llama.hidden});
  }
  [[nodiscard]] prune::VisionView view() const {
    return {.features = features,
            .geometry = geometry,
            .scores = {},
            .key = {},
            .projected = projected};
  }
  const model::Geometry& geometry;
  model::VisionFeatures features;
  prune::QueryView queries;
  at::Tensor projected;
};

/// A product [rows, in] x [in, out].
void product(std::int64_t rows, std::int64_t in, std::int64_t out) {
  static std::map<std::pair<std::int64_t, std::int64_t>, at::Tensor> weights, inputs;
  at::Tensor& weight = weights[{out, in}];
  at::Tensor& input = inputs[{rows, in}];
  if (!weight.defined()) weight = at::randn({out, in});
  if (!input.defined()) input = at::randn({rows, in});
  (void)at::linear(input, weight);
}

/// The products behind tap_macs of cost.hpp.
void see(const prune::TapRequest& taps, const model::Geometry& geometry, std::int64_t tokens) {
  const model::ClipVisionGeometry& vision = geometry.vision;
  const std::int64_t rows = vision.patches() + 1;
  for (const model::ClipTap& tap : taps.vision.layers) {
    if (tap.layer <= prune::producing_layer(vision)) continue;
    for (int i = 0; i < tap.q + tap.k + tap.v; ++i) product(rows, vision.hidden, vision.hidden);
  }
  if (taps.vision.joint) product(vision.patches(), vision.hidden, vision.projection);
  if (taps.text != prune::TextTap::none) {
    const model::ClipTextGeometry& text = geometry.text;
    for (std::int64_t layer = 0; layer < text.layers; ++layer) {
      for (int i = 0; i < 4; ++i) product(prune::kNominalText, text.hidden, text.hidden);
      product(prune::kNominalText, text.hidden, text.mlp);
      product(prune::kNominalText, text.mlp, text.hidden);
    }
  }
  if (taps.projected && vision.patches() > tokens) {
    product(vision.patches() - tokens, vision.hidden, geometry.llama.hidden);
    product(vision.patches() - tokens, geometry.llama.hidden, geometry.llama.hidden);
  }
}

struct Timed {
  std::string id;
  std::shared_ptr<const prune::Pruner> pruner;
  prune::TapRequest taps;
  double select = 1e9, see = 1e9;
};

/// Methods that choose before the language model; of Nüwa, which cuts inside it as well, that part.
std::vector<Timed> early_methods(const prune::Registry& registry, const model::Geometry& geometry,
                                 std::int64_t tokens) {
  std::vector<Timed> found;
  for (const prune::Method& method : registry.methods()) {
    if (!method.budgeted) continue;
    const auto pruner = registry.make({.method = method.info.id, .tokens = tokens});
    const prune::TapRequest taps = pruner->taps(geometry);
    if (!pruner->cut_layers(geometry).empty() && taps.vision.layers.empty()) continue;
    found.push_back({method.info.id, pruner, taps});
  }
  return found;
}

void measure(Timed& method, const Scene& scene, std::int64_t tokens) {
  const prune::VisionView view = scene.view();
  const auto state = method.pruner->begin({});
  method.select = std::min(method.select, timed([&] {
                             const auto plan =
                                 prune::select(*method.pruner, unit::OrderPolicy::native, view,
                                               scene.queries, state.get());
                             // A merging method's rows are part of what it costs.
                             if (!plan.is_gather()) (void)plan.apply(scene.features.selected);
                           }));
  method.see = std::min(method.see, timed([&] { see(method.taps, scene.geometry, tokens); }));
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t tokens = argc > 1 ? std::atoll(argv[1]) : 192;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 3;
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  const model::Geometry geometry = model::named_geometry("glamm-7b");
  const TrueLayers layers(geometry);
  const Scene scene(geometry);
  std::vector<Timed> methods = early_methods(prune::builtin_registry(), geometry, tokens);
  double prefill = 1e9;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    prefill = std::min(prefill, layers.seconds(geometry.llama.layers));
    for (Timed& method : methods) measure(method, scene, tokens);
  }
  fmt::print(
      "selection at {} of {} tokens against the unpruned prefill of {} rows: {} layers timed, "
      "counted as {}\nfp32, 1 thread, processor seconds; prefill {:.1f} s\n",
      tokens, geometry.vision.patches(), geometry.vision.patches() + kText - 1, kTimedLayers,
      geometry.llama.layers, prefill);
  fmt::print("  {:<18}{:>10}{:>10}{:>12}\n", "method", "select %", "see %", "together %");
  for (const Timed& method : methods) {
    const double share = (method.select + method.see) / prefill;
    fmt::print("  {:<18}{:>10.3f}{:>10.3f}{:>12.3f}\n", method.id, 100 * method.select / prefill,
               100 * method.see / prefill, 100 * share);
  }
  test::Ratios ratios(
      "select",
      fmt::format("{} tokens, shapes of GLaMM-7B, fp32, 1 thread, load {}", tokens, test::load()));
  for (const Timed& method : methods)
    ratios.add(method.id + " / unpruned prefill", (method.select + method.see) / prefill, {},
               kLimit);
  return ratios.finish();
}
