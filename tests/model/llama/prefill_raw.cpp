// Prefills one given sequence through the language model, for transformers_test.py.
//   prefill_raw DIR
// reads DIR/meta.json (sizes, tensor names and shapes, patches), DIR/weights.f32 (the tensors one after
// the other), DIR/embeds.f32 [S, d]; writes DIR/hidden.f32 [layers + 1, S, d].
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>

#include "base/json.hpp"
#include "model/llama/llama.hpp"

namespace {

using namespace litebench;

std::vector<float> floats(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<float> values(static_cast<std::size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

at::Tensor tensor(std::vector<float>& values, std::size_t offset, std::vector<std::int64_t> shape) {
  return at::from_blob(values.data() + offset, shape, at::kFloat).clone();
}

void run(const std::string& dir) {
  const c10::InferenceMode inference;
  const json::Document meta = json::Document::load(dir + "/meta.json");
  model::Geometry geometry;
  auto& llama = geometry.llama;
  const auto size = [&](const char* key) { return meta.root().at(key).as_int(); };
  llama.hidden = size("hidden");
  llama.layers = size("layers");
  llama.heads = size("heads");
  llama.mlp = size("mlp");
  llama.vocab = size("vocab");
  llama.rms_eps = meta.root().at("rms_eps").as_double();

  std::vector<float> raw = floats(dir + "/weights.f32");
  std::map<std::string, at::Tensor> tensors;
  std::size_t offset = 0;
  meta.root().at("tensors").each([&](json::Value entry) {
    std::vector<std::int64_t> shape;
    entry.at("shape").each([&](json::Value n) { shape.push_back(n.as_int()); });
    const at::Tensor x = tensor(raw, offset, shape);
    offset += static_cast<std::size_t>(x.numel());
    tensors.emplace(entry.at("name").as_string(), x);
  });
  const model::Llama model(geometry, std::make_shared<model::Weights>(std::move(tensors), nullptr));

  // Position ids are given through patches kept at their original places: text before, patches,
  // text after.
  std::vector<std::int64_t> patches, all;
  meta.root().at("patches").each([&](json::Value patch) { patches.push_back(patch.as_int()); });
  std::vector<std::int64_t> ids(static_cast<std::size_t>(size("before")), 1);
  ids.push_back(prune::kImagePlaceholder);
  ids.insert(ids.end(), static_cast<std::size_t>(size("after")), 1);
  prune::TokenLedger ledger(ids, prune::gather_patches(patches, 576),
                            {.position = unit::PositionPolicy::original});
  for (std::int64_t row = 0; row < ledger.length(); ++row) all.push_back(row);
  ledger.want(all);

  std::vector<float> embeds = floats(dir + "/embeds.f32");
  model::Sequence sequence{.embeds = tensor(embeds, 0, {ledger.length(), llama.hidden}),
                           .ledger = &ledger};
  std::vector<at::Tensor> hidden;
  const auto states = model.prefill(
      {&sequence, 1},
      {.lean = false, .observe = [&](auto, const at::Tensor& x) { hidden.push_back(x); }});
  hidden.push_back(states.at(0));
  const at::Tensor out = at::stack(hidden).contiguous();
  std::ofstream file(dir + "/hidden.f32", std::ios::binary);
  file.write(reinterpret_cast<const char*>(out.const_data_ptr<float>()),
             static_cast<std::streamsize>(static_cast<std::size_t>(out.numel()) * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  try {
    run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 65;
  }
  return 0;
}
