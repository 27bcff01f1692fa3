// noise_probe GLAMM CLIP INPUT OUTPUT: the model in fp32 and in bf16 on the same pictures, conversations and patches.
// INPUT is a safetensors file with, for every case <n>: float32 `<n>.clip` and `<n>.sam` [3, S, S]; int64 `<n>.ids` [T],
// `<n>.retained` [N]. OUTPUT has, as float32, `<n>.<dtype>.seg_hidden`, `.pred_embeddings`, `.low_res`.

#include <cstring>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "model/checkpoint/safetensors_writer.hpp"
#include "model/glamm.hpp"
#include "model/weights/mapped_tensor.hpp"

namespace {

using namespace litebench;

using Tensors = std::map<std::string, at::Tensor>;

class Input {
 public:
  explicit Input(const std::string& path) : source_(model::open_checkpoint(path)) {}
  [[nodiscard]] bool has(const std::string& name) const { return source_->find(name) != nullptr; }
  [[nodiscard]] at::Tensor floats(const std::string& name) const {
    return model::tensor_of(*source_->find(name), source_, at::kFloat, at::kCPU);
  }
  [[nodiscard]] std::vector<std::int64_t> numbers(const std::string& name) const {
    const at::Tensor x = model::tensor_of(*source_->find(name), source_, at::kLong, at::kCPU);
    return {x.const_data_ptr<std::int64_t>(), x.const_data_ptr<std::int64_t>() + x.numel()};
  }

 private:
  std::shared_ptr<const model::TensorSource> source_;
};

void run_case(const model::Glamm& glamm, const Input& input, const std::string& number,
              const std::string& prefix, Tensors& results) {
  const auto ids = input.numbers(number + ".ids");
  const auto patches = input.numbers(number + ".retained");
  const auto features = glamm.clip_features(input.floats(number + ".clip").to(glamm.dtype()), {});
  const prune::TokenPlan plan = prune::gather_patches(patches, glamm.geometry().vision.patches());
  prune::TokenLedger ledger(ids, plan,
                            {.patches = glamm.geometry().vision.patches(), .seg_token = 1004});
  model::Sequence sequence{.embeds = glamm.llama().splice(ids, glamm.project(features, plan)),
                           .ledger = &ledger};
  const at::Tensor states = glamm.llama().prefill({&sequence, 1}).front();
  const at::Tensor prompts = glamm.prompts(states);
  const at::Tensor image = glamm.sam_features(input.floats(number + ".sam").to(glamm.dtype()));
  results[prefix + "seg_hidden"] = states;
  results[prefix + "pred_embeddings"] = prompts;
  results[prefix + "low_res"] = glamm.mask_logits(image, prompts, protocol::Precision::model);
}

void write(const std::string& path, Tensors& tensors) {
  std::vector<model::PlannedTensor> planned;
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.to(at::kFloat).contiguous();
    planned.push_back({name, model::DType::f32, tensor.sizes().vec()});
  }
  model::write_safetensors(
      path, planned, [&](const model::PlannedTensor& plan, const model::ByteSink& sink) {
        sink({static_cast<const std::byte*>(tensors.at(plan.name).const_data_ptr()), plan.bytes()});
      });
}

void probe(const std::string& glamm, const std::string& clip, const std::string& in,
           const std::string& out) {
  const c10::InferenceMode guard;
  const Input input(in);
  Tensors results;
  for (const auto& [name, dtype] :
       {std::pair("fp32", at::kFloat), std::pair("bf16", at::kBFloat16)}) {
    const model::Glamm loaded(model::load_model(glamm, clip, {.dtype = dtype}));
    for (int n = 0; input.has(fmt::format("{}.ids", n)); ++n) {
      run_case(loaded, input, std::to_string(n), fmt::format("{}.{}.", n, name), results);
    }
  }
  write(out, results);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: noise_probe GLAMM CLIP INPUT OUTPUT\n");
    return 64;
  }
  try {
    probe(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 65;
  }
  return 0;
}
