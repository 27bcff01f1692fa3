#include "harness/forecast/shapes.hpp"

#include <algorithm>
#include <variant>

#include <fmt/core.h>

#include "model/prune/ledger.hpp"

namespace litebench::forecast {
namespace {

SampleShape shape_of(const protocol::Sample& sample, const evaluate::Prompts& prompts) {
  const std::vector<std::int64_t> ids = prompts.conversation(sample.turns);
  const auto last = std::find(ids.rbegin(), ids.rend(), prompts.seg_token());
  SampleShape shape;
  shape.turns = static_cast<std::int64_t>(sample.turns.size());
  shape.text_rows = static_cast<std::int64_t>(ids.size()) - 1;
  // Before the last [SEG] lie its state and all rows it sees; one of the ids is the image.
  shape.seen_rows = static_cast<std::int64_t>(ids.rend() - last) - 2;
  for (const protocol::Turn& turn : sample.turns) {
    const auto add = [&](TextShape& to, std::string_view text) {
      ++to.texts;
      const std::int64_t tokens = std::ssize(prompts.clip_text(text));
      to.tokens += tokens;
      to.longest = std::max(to.longest, tokens);
    };
    add(shape.question, turn.question);
    add(shape.expression, turn.expression);
  }
  return shape;
}

}  // namespace

BundleShape shape_of(const evaluate::Plan& plan, const config::Config& config,
                     const evaluate::Prompts& prompts, const evaluate::BundlePlan& bundle) {
  const refer::Dataset& dataset = plan.datasets[static_cast<std::size_t>(bundle.row.dataset)];
  const refer::Image& image = dataset.images.at(bundle.row.image_id);
  BundleShape shape;
  shape.pixels = std::int64_t{image.height} * image.width;
  for (const protocol::Sample& sample : evaluate::samples_of(plan, config, bundle))
    shape.samples.push_back(shape_of(sample, prompts));
  return shape;
}

VariantShape shape_of(const evaluate::PlannedMethod& method, const model::Geometry& geometry,
                      const protocol::Protocol& protocol) {
  const prune::TapRequest taps = method.pruner->taps(geometry);
  VariantShape shape;
  shape.id = unit::id_of(method.variant);
  shape.feasible = method.infeasible.empty();
  shape.merges = method.pruner->info().merges;
  const std::vector<std::int64_t> cuts = method.pruner->cut_layers(geometry);
  if (taps.decoder_tail && !cuts.empty())
    shape.tail_layers = static_cast<std::size_t>(cuts.back());
  shape.projected = taps.projected;
  shape.text = evaluate::text_kind(method, geometry, protocol);
  shape.taps = name_of(taps.vision);
  const auto schedule = method.pruner->schedule(geometry);
  if (const auto* known = std::get_if<prune::Schedule>(&schedule)) shape.entering = known->entering;
  shape.entering.resize(static_cast<std::size_t>(geometry.llama.layers),
                        shape.entering.empty() ? geometry.vision.patches() : shape.entering.back());
  return shape;
}

std::string name_of(const model::VisionTaps& taps) {
  std::string name = taps.joint ? "joint" : "plain";
  for (const model::ClipTap& tap : taps.layers) {
    name += fmt::format("+{}{}{}{}{}", tap.layer, tap.cls_row ? "c" : "", tap.q ? "q" : "",
                        tap.k ? "k" : "", tap.v ? "v" : "");
  }
  for (const std::int64_t layer : taps.hidden) name += fmt::format("+h{}", layer);
  return name;
}

}  // namespace litebench::forecast
