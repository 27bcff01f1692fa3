#include "model/prune/attention_pruner.hpp"

namespace litebench::prune {

TapRequest AttentionPruner::taps(const model::Geometry&) const {
  TapRequest request;
  request.decoder_tail = looks_at_tail(rows_);
  return request;
}

TokenPlan AttentionPruner::cut(const LayerView& view, const Stage& stage, RunState*) const {
  const std::int64_t tap = layer_ == RankingLayer::behind ? stage.layer : stage.layer - 1;
  return keep_best(mean_attention(view, tap, rows_of(rows_, view.ledger())), stage.kept);
}

}  // namespace litebench::prune
