// method_probe INPUT VARIANT OUTPUT: the plan that a pruning method makes before the language
// model.
//
// INPUT is a safetensors file with float tensors; a method needs only those it reads. P patches,
// D the width of the tower:
//   selected        [1 + P, D]   features that are pruned; row 0 is CLS. Always needed: it tells P,
//                                which is a square.
//   cls_attention.E [heads, P]   soft-maxed attention of the CLS query in encoder layer E
//   q.E, k.E, v.E   [1 + P, D]   projections of layer E with bias, before scaling and head split
//   joint           [P, J]       patches in CLIP's joint space
//   texts           [Q, J]       text embeddings, not normalised
//   projected       [P, d]       patches after the projector
// The tower has 24 layers and selects E_23: the methods read layers 22 and 23. It has as many heads
// as cls_attention.22 (1 without it).
//
// VARIANT is spelled as in a table, for example `litelvlm@64[variant=paper]`; the order policy of the
// variant is applied as in a run. VARIANT may be followed by `#SEED:SAMPLE` for methods that draw.
//
// OUTPUT is a safetensors file of M rows over 1 + P sources (source 0 is CLS, patch i is source
// 1 + i), in compressed sparse rows: output row r is the sum of weight[e] · selected[col[e]] for
// e in [row_ptr[r], row_ptr[r + 1]).
//   row_ptr int64 [M + 1], col int64 [nnz], weight float32 [nnz]
//   anchor  float32 [M]    place of the row in source coordinates: the centroid of its sources, each
//                          counted by its weight; P for the extra last token of TRIM and PruMerge
//   origins int64 [M]      source of a selected row, −1 for a merged one

#include <cmath>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "model/checkpoint/safetensors_writer.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "model/weights/mapped_tensor.hpp"

namespace {

using namespace litebench;

[[noreturn]] void refuse(const std::string& problem, const std::string& reason) {
  throw Error(ExitCode::data, problem, reason, "see the head of method_probe.cpp");
}

class Inputs {
 public:
  explicit Inputs(const std::string& path) : source_(model::open_checkpoint(path)) {}

  /// Undefined when absent.
  [[nodiscard]] at::Tensor get(const std::string& name) const {
    const model::TensorInfo* info = source_->find(name);
    return info == nullptr ? at::Tensor() : model::tensor_of(*info, source_, at::kFloat, at::kCPU);
  }
  [[nodiscard]] at::Tensor need(const std::string& name) const {
    const at::Tensor tensor = get(name);
    if (!tensor.defined()) refuse("no tensor " + name, "the method reads it");
    return tensor;
  }

 private:
  std::shared_ptr<const model::TensorSource> source_;
};

model::Geometry geometry_of(const Inputs& inputs) {
  const at::Tensor selected = inputs.need("selected");
  const std::int64_t patches = selected.size(0) - 1;
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(patches)));
  if (side * side != patches) refuse(fmt::format("{} patches", patches), "not a square");
  model::Geometry geometry;
  geometry.vision.image = side * geometry.vision.patch;
  geometry.vision.hidden = selected.size(1);
  const at::Tensor rows = inputs.get("cls_attention.22");
  geometry.vision.heads = rows.defined() ? rows.size(0) : 1;
  return geometry;
}

model::VisionFeatures features_of(const Inputs& inputs, const model::VisionTaps& taps) {
  model::VisionFeatures features;
  features.selected = inputs.need("selected");
  for (const model::ClipTap& tap : taps.layers) {
    const auto named = [&](const char* what) {
      return inputs.need(fmt::format("{}.{}", what, tap.layer));
    };
    model::ClipLayerTap& seen = features.layers[tap.layer];
    if (tap.cls_row) seen.cls_attention = named("cls_attention");
    if (tap.q) seen.q = named("q");
    if (tap.k) seen.k = named("k");
    if (tap.v) seen.v = named("v");
  }
  if (taps.joint) features.joint = inputs.need("joint");
  return features;
}

/// Cuts `#SEED:SAMPLE` off the variant.
prune::SampleKey key_of(std::string& variant) {
  prune::SampleKey key;
  const std::size_t mark = variant.find('#');
  if (mark == std::string::npos) return key;
  const std::string tail = variant.substr(mark + 1);
  variant.resize(mark);
  const std::size_t colon = tail.find(':');
  if (colon == std::string::npos) refuse("#" + tail, "not SEED:SAMPLE");
  key.seed = std::stoll(tail.substr(0, colon));
  key.sample_id = std::stoull(tail.substr(colon + 1));
  return key;
}

struct Output {
  model::PlannedTensor plan;
  std::span<const std::byte> bytes;
};

void write(const std::string& path, const prune::TokenPlan& plan) {
  using model::DType;
  std::map<std::string, Output> outputs;
  const auto add = [&](const std::string& name, DType dtype, auto values) {
    outputs[name] = {{name, dtype, {std::ssize(values)}}, std::as_bytes(values)};
  };
  add("row_ptr", DType::i64, plan.row_ptr());
  add("col", DType::i64, plan.cols());
  add("weight", DType::f32, plan.weights());
  add("anchor", DType::f32, plan.anchors());
  add("origins", DType::i64, plan.origins());
  std::vector<model::PlannedTensor> planned;
  for (const auto& [name, output] : outputs) planned.push_back(output.plan);
  model::write_safetensors(path, planned,
                           [&](const model::PlannedTensor& tensor, const model::ByteSink& sink) {
                             sink(outputs.at(tensor.name).bytes);
                           });
}

void probe(const std::string& input, std::string variant, const std::string& output) {
  const c10::InferenceMode guard;
  const prune::SampleKey key = key_of(variant);
  const unit::Variant parsed = unit::parse_variant(variant);
  const auto pruner = prune::builtin_registry().make(parsed);
  const Inputs inputs(input);
  const model::Geometry geometry = geometry_of(inputs);
  if (const auto planned = pruner->schedule(geometry);
      std::holds_alternative<prune::Infeasible>(planned)) {
    refuse("infeasible", std::get<prune::Infeasible>(planned).reason);
  }
  const prune::TapRequest taps = pruner->taps(geometry);
  const model::VisionFeatures features = features_of(inputs, taps.vision);
  prune::QueryView queries;
  if (taps.text != prune::TextTap::none) queries.embeds = inputs.need("texts");
  prune::VisionView view{
      .features = features, .geometry = geometry, .scores = {}, .key = key, .projected = {}};
  if (taps.projected) view.projected = inputs.need("projected");
  const auto state = pruner->begin(key);
  write(output, prune::select(*pruner, parsed.order, view, queries, state.get()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: method_probe INPUT VARIANT OUTPUT\n");
    return 64;
  }
  try {
    probe(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 65;
  }
  return 0;
}
