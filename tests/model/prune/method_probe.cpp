// method_probe INPUT VARIANT OUTPUT: the plan that a pruning method makes before the language
// model.
//
// INPUT is a safetensors file with the tensors that probe_io.hpp lists.
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

#include <exception>
#include <string>

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "tests/model/prune/probe_io.hpp"

namespace {

using namespace litebench;

/// Cuts `#SEED:SAMPLE` off the variant.
prune::SampleKey key_of(std::string& variant) {
  prune::SampleKey key;
  const std::size_t mark = variant.find('#');
  if (mark == std::string::npos) return key;
  const std::string tail = variant.substr(mark + 1);
  variant.resize(mark);
  const std::size_t colon = tail.find(':');
  if (colon == std::string::npos) probe::refuse("#" + tail, "not SEED:SAMPLE");
  key.seed = std::stoll(tail.substr(0, colon));
  key.sample_id = std::stoull(tail.substr(colon + 1));
  return key;
}

void run(const std::string& input, std::string variant, const std::string& output) {
  const c10::InferenceMode guard;
  const prune::SampleKey key = key_of(variant);
  const unit::Variant parsed = unit::parse_variant(variant);
  const auto pruner = prune::builtin_registry().make(parsed);
  const probe::Inputs inputs(input);
  const model::Geometry geometry = probe::vision_geometry(inputs);
  if (const auto planned = pruner->schedule(geometry);
      std::holds_alternative<prune::Infeasible>(planned)) {
    probe::refuse("infeasible", std::get<prune::Infeasible>(planned).reason);
  }
  const prune::TapRequest taps = pruner->taps(geometry);
  const model::VisionFeatures features = probe::features_of(inputs, taps.vision);
  prune::QueryView queries;
  if (taps.text != prune::TextTap::none) queries.embeds = inputs.need("texts");
  prune::VisionView view{
      .features = features, .geometry = geometry, .scores = {}, .key = key, .projected = {}};
  if (taps.projected) view.projected = inputs.need("projected");
  const auto state = pruner->begin(key);
  probe::Outputs outputs;
  outputs.add("", prune::select(*pruner, parsed.order, view, queries, state.get()));
  outputs.write(output);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: method_probe INPUT VARIANT OUTPUT\n");
    return 64;
  }
  try {
    run(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 65;
  }
  return 0;
}
