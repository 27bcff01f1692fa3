#include "harness/evaluate/sequences.hpp"

#include <algorithm>

#include "model/prune/policies.hpp"

namespace litebench::evaluate {

TextKind text_kind(const PlannedMethod& method, const model::Geometry& geometry,
                   const protocol::Protocol& protocol) {
  switch (method.pruner->taps(geometry).text) {
    case prune::TextTap::none: return TextKind::none;
    case prune::TextTap::expression: return TextKind::expression;
    case prune::TextTap::protocol: break;
  }
  return protocol.sim_text == protocol::SimText::question ? TextKind::question
                                                          : TextKind::expression;
}

std::int64_t clip_text_length(const PreparedSample& sample, TextKind kind) {
  if (kind == TextKind::none) return 0;
  std::size_t longest = 0;
  for (const auto& ids : kind == TextKind::question ? sample.question_ids : sample.expression_ids) {
    longest = std::max(longest, ids.size());
  }
  return static_cast<std::int64_t>(longest);
}

SampleTexts embed_texts(const model::Glamm& glamm, const PreparedSample& sample, bool questions,
                        bool expressions, model::Compute compute) {
  SampleTexts texts;
  if (questions) texts.question = glamm.text_embeds(sample.question_ids, compute);
  if (expressions) texts.expression = glamm.text_embeds(sample.expression_ids, compute);
  return texts;
}

Selection select_tokens(const PlannedMethod& method, const model::Geometry& geometry,
                        const model::VisionFeatures& features, const at::Tensor& projected,
                        const SampleTexts& texts, const PreparedSample& sample,
                        const protocol::Protocol& protocol, std::int64_t method_seed) {
  const prune::SampleKey key{sample.sample.id, method_seed};
  const prune::ScoreOptions scores{protocol.score_dtype, protocol.sim, protocol.ties};
  const prune::VisionView view{features, geometry, scores, key, projected, &sample.name};
  prune::QueryView queries;
  switch (text_kind(method, geometry, protocol)) {
    case TextKind::none: break;
    case TextKind::question: queries.embeds = texts.question; break;
    case TextKind::expression: queries.embeds = texts.expression; break;
  }
  std::unique_ptr<prune::RunState> state = method.pruner->begin(key);
  prune::TokenPlan plan =
      prune::select(*method.pruner, method.variant.order, view, queries, state.get());
  return {std::move(plan), std::move(state)};
}

OwnedSequence make_sequence(const PlannedMethod& method, const model::Glamm& glamm,
                            Selection selection, const at::Tensor& visual,
                            const PreparedSample& sample, std::int64_t seg_token) {
  OwnedSequence owned;
  prune::LedgerOptions options;
  options.position = method.position;
  options.patches = glamm.geometry().vision.patches();
  options.seg_token = seg_token;
  options.turn_ends = sample.turn_ends;
  owned.ledger = std::make_unique<prune::TokenLedger>(sample.input_ids, selection.plan, options);
  owned.state = std::move(selection.state);
  owned.sequence.embeds = glamm.llama().splice(sample.input_ids, visual);
  owned.sequence.ledger = owned.ledger.get();
  owned.sequence.pruner = method.pruner.get();
  owned.sequence.state = owned.state.get();
  owned.sequence.order = method.variant.order;
  return owned;
}

std::size_t end_of_pack(std::span<const std::int64_t> lengths, std::size_t begin,
                        std::int64_t rows) {
  std::int64_t together = 0;
  std::size_t end = begin;
  while (end < lengths.size() && (end == begin || together + lengths[end] <= rows))
    together += lengths[end++];
  return end;
}

}  // namespace litebench::evaluate
