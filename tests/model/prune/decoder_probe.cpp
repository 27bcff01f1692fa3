// decoder_probe INPUT VARIANT OUTPUT [full]: one conversation through the real prefill under a
// pruning method, and everything that the method saw and did.
//
// VARIANT is spelled as in a table. `halves` stands for a method of this file that keeps every other
// visual row before layers 2 and 16, so that the recording can be tested without any shipped method.
//
// INPUT: the tensors of probe_io.hpp, the weights of a LLaMA under their checkpoint names
// (model.embed_tokens, model.layers.N, model.norm, model.mm_projector), and
//   ids   [T]   the prompt with one −200 where the image goes
//   heads [1]   of the LLaMA
//   seg   [1]   id of the [SEG] token; the states before it are wanted
// Dead work is left out as in a run, unless `full` is given.
//
// OUTPUT, for every decoder layer l (S live rows enter it, of d channels):
//   hidden.l    [S, d]  states that enter the layer, behind its cut
//   positions.l [S]     rotary position ids
//   origins.l   [S]     patch of a visual row, −1 for a merged one, −2 for text
// and where the method cuts before layer l:
//   before.l    [S, d]  states before the cut; its rows are those of hidden.(l − 1)
//   cut.l.*             the plan over the visual rows (as in method_probe.cpp), absent without one
//   probe.l.t   [heads, R, S]  attention of the rows in `probe_rows.l`, tap layer t = l − 1 or l
//   keys.l.t    [heads, S, head_dim], values.l.t, norm.l [S, d] (the model's last norm of before.l)
// once:
//   before_llm.*  the plan over CLS and the patches
//   visual      [2]     first visual row and their number in layer 0
//   wanted      [Q, d]  final states of the wanted rows
//   schedule    [L]     planned visual tokens entering each layer; absent when not told beforehand
//   entering    [L]     counted ones

#include <exception>
#include <string>

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "model/llama/llama.hpp"
#include "model/llama/projector.hpp"
#include "model/prune/policies.hpp"
#include "model/prune/registry.hpp"
#include "tests/model/prune/probe_io.hpp"

namespace {

using namespace litebench;

std::vector<std::int64_t> integers(const at::Tensor& x) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    values.push_back(static_cast<std::int64_t>(x.const_data_ptr<float>()[i]));
  }
  return values;
}

/// Every other visual row, twice.
class Halves final : public prune::Pruner {
 public:
  [[nodiscard]] const prune::PrunerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] prune::TapRequest taps(const model::Geometry&) const override {
    prune::TapRequest request;
    request.decoder_tail = true;
    return request;
  }
  [[nodiscard]] std::vector<std::int64_t> cut_layers(const model::Geometry&) const override {
    return {2, 16};
  }
  [[nodiscard]] std::variant<prune::Schedule, prune::Infeasible> schedule(
      const model::Geometry& geometry) const override {
    prune::Schedule schedule;
    std::int64_t tokens = geometry.vision.patches();
    for (std::int64_t layer = 0; layer < geometry.llama.layers; ++layer) {
      if (layer == 2 || layer == 16) tokens = (tokens + 1) / 2;
      schedule.entering.push_back(tokens);
    }
    return schedule;
  }
  [[nodiscard]] std::optional<prune::TokenPlan> before_layer(const prune::LayerView& view,
                                                             prune::RunState*) const override {
    std::vector<std::int64_t> kept;
    for (std::int64_t row = 0; row < view.ledger().visual_count(); row += 2) kept.push_back(row);
    return prune::TokenPlan::gather(kept, view.ledger().visual_count());
  }

 private:
  prune::PrunerInfo info_{.id = "halves", .native_position = unit::PositionPolicy::original};
};

std::shared_ptr<const prune::Pruner> method_named(const unit::Variant& variant) {
  if (variant.method == "halves") return std::make_shared<Halves>();
  return prune::builtin_registry().make(variant);
}

/// The method under test with an observer at each of its cuts.
class Recorded final : public prune::Pruner {
 public:
  Recorded(std::shared_ptr<const prune::Pruner> inner, probe::Outputs& out)
      : inner_(std::move(inner)), out_(out) {}
  [[nodiscard]] const prune::PrunerInfo& info() const noexcept override { return inner_->info(); }
  [[nodiscard]] prune::TapRequest taps(const model::Geometry& geometry) const override {
    return inner_->taps(geometry);
  }
  [[nodiscard]] std::variant<prune::Schedule, prune::Infeasible> schedule(
      const model::Geometry& geometry) const override {
    return inner_->schedule(geometry);
  }
  [[nodiscard]] std::vector<std::int64_t> cut_layers(
      const model::Geometry& geometry) const override {
    return inner_->cut_layers(geometry);
  }
  [[nodiscard]] std::optional<prune::TokenPlan> before_layer(
      const prune::LayerView& view, prune::RunState* state) const override {
    const std::int64_t layer = view.layer();
    out_.add(fmt::format("before.{}", layer), view.hidden());
    out_.add(fmt::format("norm.{}", layer), view.final_norm(view.hidden()));
    const std::vector<std::int64_t> rows = some_rows(view.ledger().length());
    out_.add(fmt::format("probe_rows.{}", layer), rows);
    for (const std::int64_t tap : {layer - 1, layer}) {
      out_.add(fmt::format("probe.{}.{}", layer, tap), view.probe(tap, rows));
      out_.add(fmt::format("keys.{}.{}", layer, tap), view.keys(tap));
      out_.add(fmt::format("values.{}.{}", layer, tap), view.values(tap));
    }
    const auto plan = inner_->before_layer(view, state);
    if (plan) out_.add(fmt::format("cut.{}.", layer), *plan);
    return plan;
  }

 private:
  static std::vector<std::int64_t> some_rows(std::int64_t length) {
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 0; row + 1 < length; row += 29) rows.push_back(row);
    rows.push_back(length - 1);
    return rows;
  }

  std::shared_ptr<const prune::Pruner> inner_;
  probe::Outputs& out_;
};

model::Geometry geometry_of(const probe::Inputs& inputs) {
  model::Geometry geometry = probe::vision_geometry(inputs);
  model::LlamaGeometry& llama = geometry.llama;
  const at::Tensor embed = inputs.need("model.embed_tokens.weight");
  llama.vocab = embed.size(0);
  llama.hidden = embed.size(1);
  llama.heads = integers(inputs.need("heads")).at(0);
  llama.mlp = inputs.need("model.layers.0.mlp.gate_proj.weight").size(0);
  llama.layers = 0;
  while (inputs.get(fmt::format("model.layers.{}.mlp.gate_proj.weight", llama.layers)).defined()) {
    ++llama.layers;
  }
  return geometry;
}

std::shared_ptr<const model::Weights> weights_of(const probe::Inputs& inputs) {
  std::map<std::string, at::Tensor> tensors;
  for (const model::TensorInfo& info : inputs.source().tensors()) {
    if (info.name.starts_with("model.")) tensors[info.name] = inputs.need(info.name);
  }
  return std::make_shared<model::Weights>(std::move(tensors), nullptr);
}

prune::TokenPlan before_llm(const prune::Pruner& pruner, unit::OrderPolicy order,
                            const probe::Inputs& inputs, const model::Geometry& geometry,
                            prune::RunState* state) {
  const prune::TapRequest taps = pruner.taps(geometry);
  const model::VisionFeatures features = probe::features_of(inputs, taps.vision);
  prune::QueryView queries;
  if (taps.text != prune::TextTap::none) queries.embeds = inputs.need("texts");
  prune::VisionView view{
      .features = features, .geometry = geometry, .scores = {}, .key = {}, .projected = {}};
  if (taps.projected) view.projected = inputs.need("projected");
  return prune::select(pruner, order, view, queries, state);
}

void record_layer(probe::Outputs& out, std::int64_t layer, const at::Tensor& hidden,
                  const prune::TokenLedger& ledger) {
  out.add(fmt::format("hidden.{}", layer), hidden);
  out.add(fmt::format("positions.{}", layer), ledger.positions());
  std::vector<std::int64_t> origins;
  for (std::int64_t row = 0; row < ledger.length(); ++row) {
    const prune::LedgerRow& live = ledger.row(row);
    origins.push_back(live.kind == prune::RowKind::text ? -2 : live.origin);
  }
  out.add(fmt::format("origins.{}", layer), origins);
}

void run(const std::string& input, const std::string& variant, const std::string& output,
         bool lean) {
  const c10::InferenceMode guard;
  const unit::Variant parsed = unit::parse_variant(variant);
  const probe::Inputs inputs(input);
  const model::Geometry geometry = geometry_of(inputs);
  probe::Outputs out;
  const auto method = method_named(parsed);
  const Recorded pruner(method, out);
  const auto planned = pruner.schedule(geometry);
  if (const auto* infeasible = std::get_if<prune::Infeasible>(&planned)) {
    probe::refuse("infeasible", infeasible->reason);
  }
  out.add("schedule", std::get<prune::Schedule>(planned).entering);
  const auto state = method->begin({});
  const prune::TokenPlan plan = before_llm(*method, parsed.order, inputs, geometry, state.get());
  out.add("before_llm.", plan);
  const auto weights = weights_of(inputs);
  const model::Llama llama(geometry, weights);
  const std::vector<std::int64_t> ids = integers(inputs.need("ids"));
  prune::TokenLedger ledger(ids, plan,
                            {.position = prune::resolved(parsed.position, method->info()),
                             .patches = geometry.vision.patches(),
                             .seg_token = integers(inputs.need("seg")).at(0)});
  out.add("visual", std::vector<std::int64_t>{ledger.visual_begin(), ledger.visual_count()});
  const at::Tensor visual = model::Projector(*weights)(plan.apply(inputs.need("selected")));
  model::Sequence sequence{.embeds = llama.splice(ids, visual),
                           .ledger = &ledger,
                           .pruner = &pruner,
                           .state = state.get()};
  const auto observe = [&](std::int64_t layer, const at::Tensor& hidden) {
    record_layer(out, layer, hidden, ledger);
  };
  const auto wanted = llama.prefill({&sequence, 1}, {.lean = lean, .observe = observe});
  out.add("wanted", wanted.at(0));
  out.add("entering", ledger.entering());
  out.write(output);
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc == 5 && std::string(argv[4]) == "full";
  if (argc != 4 && !full) {
    fmt::print(stderr, "usage: decoder_probe INPUT VARIANT OUTPUT [full]\n");
    return 64;
  }
  try {
    run(argv[1], argv[2], argv[3], !full);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 65;
  }
  return 0;
}
