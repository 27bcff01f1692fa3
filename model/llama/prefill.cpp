#include "model/llama/prefill.hpp"

#include <algorithm>
#include <cassert>

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>

namespace litebench::model::detail {
namespace {

at::Tensor on_device(std::span<const std::int64_t> values, const at::Tensor& like) {
  auto* data = const_cast<std::int64_t*>(values.data());
  return at::from_blob(data, {static_cast<std::int64_t>(values.size())}, at::kLong)
      .clone()
      .to(like.device());
}

RotaryAngles slice(const RotaryAngles& angles, const at::Tensor& rows) {
  return {angles.cos.index_select(0, rows), angles.sin.index_select(0, rows)};
}

}  // namespace

bool Prefill::Member::cuts_at(std::int64_t layer) const {
  return std::find(cuts.begin(), cuts.end(), layer) != cuts.end();
}

bool Prefill::Member::needs_tail(std::int64_t layer, const Geometry& geometry) const {
  return !cuts.empty() && layer < cuts.back() && sequence->pruner->taps(geometry).decoder_tail;
}

// What a method sees of its own sequence at a cut.
class Prefill::View final : public prune::LayerView {
 public:
  View(const Prefill& run, const Member& member, std::int64_t layer)
      : run_(run), member_(member), layer_(layer) {}

  [[nodiscard]] std::int64_t layer() const override { return layer_; }
  [[nodiscard]] const prune::TokenLedger& ledger() const override {
    return *member_.sequence->ledger;
  }
  [[nodiscard]] const Geometry& geometry() const override { return run_.geometry_; }
  [[nodiscard]] at::Tensor hidden() const override { return own(run_.hidden_); }
  [[nodiscard]] at::Tensor input_visual() const override { return member_.input_visual; }
  [[nodiscard]] at::Tensor input_text() const override { return member_.input_text; }
  [[nodiscard]] at::Tensor final_norm(const at::Tensor& x) const override {
    return rms_norm(x, run_.norm_, run_.geometry_.llama.rms_eps);
  }
  [[nodiscard]] at::Tensor keys(std::int64_t tap_layer) const override {
    return rows_k(tap_layer).transpose(0, 1);
  }
  [[nodiscard]] at::Tensor values(std::int64_t tap_layer) const override {
    const at::Tensor v = tap_layer == layer_ ? incoming().values(normed()) : own(run_.previous_.v);
    return v.transpose(0, 1);
  }
  [[nodiscard]] at::Tensor probe(std::int64_t tap_layer,
                                 std::span<const std::int64_t> rows) const override {
    const at::Tensor index = on_device(rows, run_.hidden_);
    const at::Tensor q = tap_layer == layer_ ? incoming().queries(normed().index_select(0, index),
                                                                  slice(angles(), index))
                                             : own(run_.previous_.q).index_select(0, index);
    return row_probe(q, rows_k(tap_layer), index);
  }

 private:
  [[nodiscard]] at::Tensor own(const at::Tensor& packed) const {
    return run_.rows_of(member_, packed);
  }
  [[nodiscard]] const DecoderLayer& incoming() const {
    return run_.layers_[static_cast<std::size_t>(layer_)];
  }
  [[nodiscard]] RotaryAngles angles() const {
    return {own(run_.angles_.cos), own(run_.angles_.sin)};
  }
  [[nodiscard]] at::Tensor normed() const { return incoming().normed(hidden()); }
  [[nodiscard]] at::Tensor rows_k(std::int64_t tap_layer) const {
    assert(tap_layer == layer_ || (tap_layer == layer_ - 1 && run_.previous_.k.defined()));
    return tap_layer == layer_ ? incoming().keys(normed(), angles()) : own(run_.previous_.k);
  }

  const Prefill& run_;
  const Member& member_;
  std::int64_t layer_;
};

Prefill::Prefill(const Geometry& geometry, std::span<const DecoderLayer> layers,
                 const at::Tensor& norm, std::span<Sequence> sequences,
                 const PrefillOptions& options)
    : geometry_(geometry), layers_(layers), norm_(norm), options_(options) {
  std::vector<at::Tensor> parts;
  for (Sequence& sequence : sequences) {
    assert(sequence.embeds.size(0) == sequence.ledger->length());
    Member member{.sequence = &sequence};
    if (sequence.pruner != nullptr) member.cuts = sequence.pruner->cut_layers(geometry);
    assert(std::is_sorted(member.cuts.begin(), member.cuts.end()));
    members_.push_back(std::move(member));
    parts.push_back(trimmed(members_.back(), sequence.embeds, -1));
    const prune::TokenLedger& ledger = *sequence.ledger;
    const std::int64_t text = ledger.visual_begin() + ledger.visual_count();
    members_.back().input_visual =
        parts.back().narrow(0, ledger.visual_begin(), ledger.visual_count());
    members_.back().input_text = parts.back().narrow(0, text, ledger.length() - text);
  }
  shared_ = common_rows();
  pack(parts);
}

std::int64_t Prefill::common_rows() const {
  // Who observes is promised the rows of all sequences.
  if (members_.size() < 2 || !options_.lean || options_.observe) return 0;
  const Sequence& first = *members_.front().sequence;
  const std::int64_t rows = first.ledger->visual_begin();
  const at::Tensor embeds = first.embeds.narrow(0, 0, rows);
  const std::vector<std::int64_t> positions = first.ledger->positions();
  for (const Member& member : members_) {
    const Sequence& other = *member.sequence;
    if (other.ledger->visual_begin() != rows) return 0;
    const std::vector<std::int64_t> own = other.ledger->positions();
    if (!std::equal(own.begin(), own.begin() + rows, positions.begin())) return 0;
    if (!at::equal(other.embeds.narrow(0, 0, rows), embeds)) return 0;
  }
  return rows;
}

void Prefill::pack(const std::vector<at::Tensor>& parts) {
  std::vector<at::Tensor> rows = {parts.front().narrow(0, 0, shared_)};
  std::vector<std::int64_t> positions = members_.front().sequence->ledger->positions();
  positions.resize(static_cast<std::size_t>(shared_));
  std::int64_t begin = shared_;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::vector<std::int64_t> own = members_[i].sequence->ledger->positions();
    positions.insert(positions.end(), own.begin() + shared_, own.end());
    members_[i].begin = begin;
    members_[i].length = static_cast<std::int64_t>(own.size());
    assert(members_[i].length == parts[i].size(0));
    rows.push_back(parts[i].narrow(0, shared_, members_[i].length - shared_));
    begin += members_[i].length - shared_;
  }
  hidden_ = at::cat(rows, 0);
  angles_ = rotary_angles(geometry_.llama, positions, hidden_.options());
}

at::Tensor Prefill::rows_of(const Member& member, const at::Tensor& packed) const {
  const at::Tensor own = packed.narrow(0, member.begin, member.length - shared_);
  return shared_ == 0 ? own : at::cat({packed.narrow(0, 0, shared_), own}, 0);
}

bool Prefill::any_cut_at(std::int64_t layer) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Member& m) { return m.cuts_at(layer); });
}

at::Tensor Prefill::trimmed(Member& member, const at::Tensor& rows, std::int64_t layer) const {
  if (!options_.lean || member.needs_tail(layer, geometry_)) return rows;
  prune::TokenLedger& ledger = *member.sequence->ledger;
  std::int64_t length = ledger.visual_begin() + ledger.visual_count();
  for (const std::int64_t row : ledger.wanted()) length = std::max(length, row + 1);
  ledger.truncate(length);
  return rows.narrow(0, 0, length);
}

at::Tensor Prefill::cut_one(Member& member, std::int64_t layer) {
  at::Tensor rows = rows_of(member, hidden_);
  if (!member.cuts_at(layer)) return rows;
  prune::TokenLedger& ledger = *member.sequence->ledger;
  const View view(*this, member, layer);
  if (auto plan = member.sequence->pruner->before_layer(view, member.sequence->state)) {
    if (member.sequence->order == unit::OrderPolicy::raster) plan = ledger.in_raster_order(*plan);
    const std::int64_t begin = ledger.visual_begin(), count = ledger.visual_count();
    const at::Tensor kept = plan->apply(rows.narrow(0, begin, count));
    const at::Tensor tail = rows.narrow(0, begin + count, member.length - begin - count);
    rows = at::cat({rows.narrow(0, 0, begin), kept, tail}, 0);
    ledger.cut(*plan, layer);
  }
  rows = trimmed(member, rows, layer);
  const std::int64_t text = ledger.visual_begin() + ledger.visual_count();
  member.input_text = member.input_text.narrow(0, 0, ledger.length() - text);
  return rows;
}

// All cuts of a layer see the pack as the layer before left it; only then is it compacted.
void Prefill::cut_before(std::int64_t layer) {
  if (!any_cut_at(layer)) return;
  std::vector<at::Tensor> parts;
  for (Member& member : members_) parts.push_back(cut_one(member, layer));
  pack(parts);
  previous_ = {};
}

PackedProjections Prefill::project(std::int64_t layer) const {
  const DecoderLayer& weights = layers_[static_cast<std::size_t>(layer)];
  const at::Tensor normed = weights.normed(hidden_);
  const UpstreamWork::Adapters* adapters =
      upstream_ != nullptr ? &upstream_->adapters[static_cast<std::size_t>(layer)] : nullptr;
  return {weights.queries(normed, angles_, adapters != nullptr ? &adapters->q : nullptr),
          weights.keys(normed, angles_),
          weights.values(normed, adapters != nullptr ? &adapters->v : nullptr)};
}

void Prefill::forward(std::int64_t layer) {
  PackedProjections qkv = project(layer);
  std::vector<at::Tensor> attention;
  for (const Member& m : members_) {
    const at::Tensor all =
        causal_attention(rows_of(m, qkv.q), rows_of(m, qkv.k), rows_of(m, qkv.v));
    // Every member's shared rows see the same; the first one's stand for all.
    const std::int64_t skip = attention.empty() ? 0 : shared_;
    attention.push_back(all.narrow(0, skip, m.length - skip));
  }
  hidden_ = layers_[static_cast<std::size_t>(layer)].finish(hidden_, at::cat(attention, 0));
  if (any_cut_at(layer + 1)) previous_ = std::move(qkv);
}

std::vector<at::Tensor> Prefill::finish_wanted_rows(std::int64_t layer) {
  const DecoderLayer& weights = layers_[static_cast<std::size_t>(layer)];
  const at::Tensor normed = weights.normed(hidden_);
  const at::Tensor k = weights.keys(normed, angles_), v = weights.values(normed);
  std::vector<std::int64_t> packed_rows, counts;
  std::vector<at::Tensor> own_rows;
  for (const Member& m : members_) {
    const std::vector<std::int64_t> wanted = m.sequence->ledger->wanted();
    for (const std::int64_t row : wanted) packed_rows.push_back(packed_row(m, row));
    counts.push_back(static_cast<std::int64_t>(wanted.size()));
    own_rows.push_back(on_device(wanted, hidden_));
  }
  const at::Tensor rows = on_device(packed_rows, hidden_);
  const at::Tensor q = weights.queries(normed.index_select(0, rows), slice(angles_, rows));
  std::vector<at::Tensor> attention;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& m = members_[i];
    attention.push_back(
        row_attention(q.narrow(0, begin, counts[i]), rows_of(m, k), rows_of(m, v), own_rows[i]));
    begin += counts[i];
  }
  const at::Tensor out = weights.finish(hidden_.index_select(0, rows), at::cat(attention, 0));
  return rms_norm(out, norm_, geometry_.llama.rms_eps).split_with_sizes(counts, 0);
}

std::vector<at::Tensor> Prefill::pick_wanted_rows() {
  const at::Tensor normed = rms_norm(hidden_, norm_, geometry_.llama.rms_eps);
  std::vector<at::Tensor> states;
  for (const Member& m : members_) {
    const at::Tensor rows = on_device(m.sequence->ledger->wanted(), hidden_);
    states.push_back(rows_of(m, normed).index_select(0, rows));
  }
  return states;
}

void Prefill::enter(std::int64_t layer) {
  cut_before(layer);
  for (Member& member : members_) member.sequence->ledger->enter_layer();
  if (options_.observe) options_.observe(layer, hidden_);
}

std::vector<at::Tensor> Prefill::run() {
  const auto layers = static_cast<std::int64_t>(layers_.size());
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    enter(layer);
    if (options_.lean && layer + 1 == layers) return finish_wanted_rows(layer);
    forward(layer);
  }
  return pick_wanted_rows();
}

}  // namespace litebench::model::detail
