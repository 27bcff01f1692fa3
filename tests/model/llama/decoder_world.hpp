#pragma once
// A narrow language model of 32 layers behind 576 patches, so that methods which name layers of the
// true model run at exactly those.

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>

#include "model/checkpoint/expected.hpp"
#include "model/llama/llama.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "model/weights/random.hpp"
#include "model/weights/weights.hpp"

namespace litebench::decoder_world {

using Indices = std::vector<std::int64_t>;

/// 3 rows, the image, 9 rows with two answers.
inline const Indices kIds = {
    1, 300, 301, prune::kImagePlaceholder, 302, 303, 1004, 304, 305, 306, 1004, 307, 308};
inline constexpr std::int64_t kBegin = 3, kPatches = 576, kRows = 12 + kPatches;
inline constexpr std::int64_t kFirstSeg = kPatches + 4, kSecondSeg = kPatches + 8;

inline model::LoadedModel narrow_model(std::int64_t layers) {
  model::LoadedModel loaded;
  loaded.geometry.llama = {
      .hidden = 64, .layers = layers, .heads = 4, .mlp = 96, .vocab = 1007, .out_dim = 64};
  std::map<std::string, at::Tensor> tensors;
  for (const model::TensorSpec& spec : model::expected_glamm(loaded.geometry)) {
    const bool decoder = spec.name.starts_with("model.layers.") ||
                         spec.name == "model.norm.weight" ||
                         spec.name == "model.embed_tokens.weight";
    if (decoder) tensors[spec.name] = model::random_tensor(spec, "narrow", at::kFloat, at::kCPU);
  }
  loaded.glamm = std::make_shared<const model::Weights>(std::move(tensors), nullptr);
  return loaded;
}

/// What a variant did to one sequence.
struct Outcome {
  std::unique_ptr<prune::TokenLedger> ledger;
  std::unique_ptr<prune::RunState> state;
  at::Tensor states;  ///< [2, d] of the rows before [SEG]
  [[nodiscard]] Indices entering() const {
    return {ledger->entering().begin(), ledger->entering().end()};
  }
};

class World {
 public:
  explicit World(std::int64_t layers = 32)
      : model_(narrow_model(layers)), llama_(model_.geometry, model_.glamm) {}

  [[nodiscard]] const model::LoadedModel& loaded() const { return model_; }
  [[nodiscard]] const model::Geometry& geometry() const { return model_.geometry; }
  [[nodiscard]] const model::Llama& llama() const { return llama_; }
  [[nodiscard]] at::Tensor embeds() const {
    Indices visual(kPatches);
    std::iota(visual.begin(), visual.end(), 310);
    return llama_.splice(kIds, llama_.embed(visual) * 3);
  }
  [[nodiscard]] std::shared_ptr<const prune::Pruner> pruner(const std::string& variant) const {
    return registry_.make(unit::parse_variant(variant));
  }

  /// The methods at hand let all patches into the language model.
  [[nodiscard]] Outcome run(const std::string& variant) const {
    const unit::Variant parsed = unit::parse_variant(variant);
    const auto method = pruner(variant);
    Indices all(kPatches);
    std::iota(all.begin(), all.end(), 0);
    Outcome outcome;
    outcome.ledger = std::make_unique<prune::TokenLedger>(
        kIds, prune::gather_patches(all, kPatches),
        prune::LedgerOptions{.position = prune::resolved(parsed.position, method->info()),
                             .patches = kPatches,
                             .seg_token = 1004,
                             .turn_ends = {5, 9}});
    outcome.state = method->begin({});
    model::Sequence sequence{.embeds = embeds(),
                             .ledger = outcome.ledger.get(),
                             .pruner = method.get(),
                             .state = outcome.state.get(),
                             .order = parsed.order};
    outcome.states = llama_.prefill({&sequence, 1}).at(0);
    return outcome;
  }

 private:
  model::LoadedModel model_;
  model::Llama llama_;
  prune::Registry registry_ = prune::builtin_registry();
};

}  // namespace litebench::decoder_world
