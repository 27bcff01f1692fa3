// Cuts inside the decoder, with a method made for the test, against an eager oracle that masks
// instead of dropping (eager.hpp).
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "model/llama/llama.hpp"
#include "model/prune/pruner.hpp"
#include "tests/model/llama/eager.hpp"
#include "tests/model/llama/golden.hpp"

namespace litebench::model {
namespace {

using golden::relative;
using Indices = std::vector<std::int64_t>;
using prune::LayerView;
using prune::TokenPlan;
using unit::PositionPolicy;

// Both sides are fp32; the oracle makes its angles in double, and fp32 angles of positions near 600
// are off by up to 3e-5. A position wrong by one shows at 1e-2.
constexpr double kEager = 2e-5;

using Cut = std::function<std::optional<TokenPlan>(const LayerView&)>;

class TestPruner final : public prune::Pruner {
 public:
  TestPruner(Indices layers, bool tail, Cut cut)
      : layers_(std::move(layers)), tail_(tail), cut_(std::move(cut)) {}
  [[nodiscard]] const prune::PrunerInfo& info() const noexcept override { return info_; }
  [[nodiscard]] std::variant<prune::Schedule, prune::Infeasible> schedule(
      const Geometry&) const override {
    return prune::Infeasible{"test"};
  }
  [[nodiscard]] prune::TapRequest taps(const Geometry&) const override {
    prune::TapRequest request;
    request.decoder_tail = tail_;
    return request;
  }
  [[nodiscard]] Indices cut_layers(const Geometry&) const override { return layers_; }
  [[nodiscard]] std::optional<TokenPlan> before_layer(const LayerView& view,
                                                      prune::RunState*) const override {
    return cut_(view);
  }

 private:
  prune::PrunerInfo info_;
  Indices layers_;
  bool tail_;
  Cut cut_;
};

Indices every(std::int64_t step, std::int64_t n) {
  Indices kept;
  for (std::int64_t i = 0; i < n; i += step) kept.push_back(i);
  return kept;
}

class Cuts : public ::testing::Test {
 protected:
  c10::InferenceMode inference_;
  LoadedModel model_ = golden::tiny();
  Llama llama_{model_.geometry, model_.glamm};
  eager::Decoder oracle_{model_};
  Indices ids_ = {1,    300, 301, prune::kImagePlaceholder, 302, 303, 1004, 304, 305, 306,
                  1004, 307, 308};
  static constexpr std::int64_t kVisual = 30;  // kept before the model, out of 576
  TokenPlan plan_ = prune::gather_patches(every(19, 19 * kVisual), 576);

  [[nodiscard]] at::Tensor embeds(std::int64_t from = 400) const {
    Indices visual(kVisual);
    std::iota(visual.begin(), visual.end(), from);
    return llama_.splice(ids_, llama_.embed(visual) * 3);
  }
  [[nodiscard]] prune::TokenLedger ledger(PositionPolicy position) const {
    return {ids_, plan_, golden::ledger_options(position)};
  }
  /// Final-normed states of all rows, where the visual rows not in `kept` are masked from layer
  /// `from` on.
  [[nodiscard]] at::Tensor masked(at::Tensor x, const Indices& positions, std::int64_t from,
                                  const Indices& kept) const {
    const at::Tensor all = at::ones({x.size(0)}, at::kBool);
    at::Tensor some = all.clone();
    some.narrow(0, 3, kVisual).fill_(false);
    for (const std::int64_t row : kept) some[3 + row].fill_(true);
    for (std::int64_t layer = 0; layer < 3; ++layer)
      x = oracle_.layer(x, layer, layer < from ? all : some, positions);
    return oracle_.norm(x, "model.norm.weight");
  }
};

TEST_F(Cuts, WithoutACutTheStatesAreTheOraclesUnderEveryPositionPolicy) {
  for (const auto policy :
       {PositionPolicy::compact, PositionPolicy::original, PositionPolicy::stretch}) {
    auto own = ledger(policy);
    const Indices positions = own.positions();
    Sequence sequence{.embeds = embeds(), .ledger = &own};
    const at::Tensor states = llama_.prefill({&sequence, 1}).at(0);
    const at::Tensor expected = masked(embeds(), positions, 3, {});
    EXPECT_LT(relative(states[0], expected[34]),
              kEager);  // [SEG] at 35: three before the image, 30 visual, two after
    EXPECT_LT(relative(states[1], expected[38]), kEager);
  }
}

TEST_F(Cuts, DroppingRowsEqualsMaskingThemWherePositionsStay) {
  for (const std::int64_t layer : {1, 2}) {
    const Indices kept = every(4, kVisual);
    const TestPruner pruner({layer}, false,
                            [&](const LayerView&) { return TokenPlan::gather(kept, kVisual); });
    auto own = ledger(PositionPolicy::original);
    const Indices positions = own.positions();
    Sequence sequence{.embeds = embeds(), .ledger = &own, .pruner = &pruner};
    const at::Tensor states = llama_.prefill({&sequence, 1}).at(0);
    const at::Tensor expected = masked(embeds(), positions, layer, kept);
    EXPECT_LT(relative(states[0], expected[34]), kEager) << layer;
    EXPECT_LT(relative(states[1], expected[38]), kEager) << layer;
    Indices entering(3, kVisual);
    for (std::size_t l = static_cast<std::size_t>(layer); l < 3; ++l) entering[l] = 8;
    EXPECT_EQ(Indices(own.entering().begin(), own.entering().end()), entering);
    ASSERT_EQ(own.visual_sets().size(), 2U);
    EXPECT_EQ(own.visual_sets()[1].layer, layer);
    EXPECT_EQ(own.visual_sets()[1].origins[2], 19 * 8);
    EXPECT_EQ(own.kept(), kVisual);
    EXPECT_EQ(own.kept_last(), 8);
  }
}

TEST_F(Cuts, DroppingAllVisualRowsEqualsMaskingAll) {
  const TestPruner pruner({2}, false,
                          [](const LayerView&) { return TokenPlan::drop_all(kVisual); });
  auto own = ledger(PositionPolicy::original);
  const Indices positions = own.positions();
  Sequence sequence{.embeds = embeds(), .ledger = &own, .pruner = &pruner};
  const at::Tensor states = llama_.prefill({&sequence, 1}).at(0);
  const at::Tensor expected = masked(embeds(), positions, 2, {});
  EXPECT_LT(relative(states[0], expected[34]), kEager);
  EXPECT_LT(relative(states[1], expected[38]), kEager);
}

// Compact positions move after a cut: the oracle gathers the rows and goes on with new positions.
TEST_F(Cuts, MergingAndCompactPositionsEqualRecomputingTheShortSequence) {
  // Rows 0 and 2 stay, the rest becomes one mean.
  Indices row_ptr = {0, 1, 2, 29}, col = {0, 2, 1};
  std::vector<float> weight = {1, 1};
  for (std::int64_t i = 3; i < kVisual - 1; ++i) col.push_back(i);
  weight.resize(col.size(), 1.0F / 27);
  row_ptr.back() = std::ssize(col);
  const TokenPlan merge = TokenPlan::rows(row_ptr, col, weight, {0, 2, 14.5F}, kVisual);
  const TestPruner pruner({1}, false, [&](const LayerView&) { return merge; });
  auto own = ledger(PositionPolicy::compact);
  at::Tensor x = oracle_.layer(embeds(), 0, at::ones({42}, at::kBool), own.positions());
  at::Tensor mean = at::zeros({x.size(1)});
  for (std::size_t i = 2; i < col.size(); ++i) mean = mean + x[3 + col[i]] / 27.0;
  x = at::cat({x.narrow(0, 0, 4), x.narrow(0, 5, 1), mean.unsqueeze(0), x.narrow(0, 33, 9)}, 0);
  Indices positions(15);
  std::iota(positions.begin(), positions.end(), 0);
  for (const std::int64_t layer : {1, 2})
    x = oracle_.layer(x, layer, at::ones({15}, at::kBool), positions);
  Sequence sequence{.embeds = embeds(), .ledger = &own, .pruner = &pruner};
  const at::Tensor states = llama_.prefill({&sequence, 1}).at(0);
  EXPECT_LT(relative(states, oracle_.norm(at::stack({x[7], x[11]}), "model.norm.weight")), kEager);
  EXPECT_EQ(own.visual_sets().back().origins, (std::vector<std::int16_t>{0, 38, -1}));
}

// Several variants cut at different layers in one pack; each must come out as if alone.
TEST_F(Cuts, APackOfDifferentCutsGivesWhatEachGivesAlone) {
  const TestPruner first({1}, false, [](const LayerView& v) {
    return TokenPlan::gather(every(3, v.ledger().visual_count()), v.ledger().visual_count());
  });
  const TestPruner both({1, 2}, false, [](const LayerView& v) {
    return TokenPlan::gather(every(2, v.ledger().visual_count()), v.ledger().visual_count());
  });
  const TestPruner never({2}, false, [](const LayerView&) { return std::nullopt; });
  const TestPruner* pruners[] = {&first, nullptr, &both, &never};
  std::vector<at::Tensor> alone;
  std::vector<std::unique_ptr<prune::TokenLedger>> ledgers;
  std::vector<Sequence> pack;
  for (const TestPruner* pruner : pruners) {
    const auto from = 400 + 30 * static_cast<std::int64_t>(alone.size());
    auto own = ledger(PositionPolicy::original);
    Sequence sequence{.embeds = embeds(from), .ledger = &own, .pruner = pruner};
    alone.push_back(llama_.prefill({&sequence, 1}).at(0));
    ledgers.push_back(std::make_unique<prune::TokenLedger>(ledger(PositionPolicy::original)));
    pack.push_back({.embeds = embeds(from), .ledger = ledgers.back().get(), .pruner = pruner});
  }
  const auto together = llama_.prefill(pack);
  for (std::size_t i = 0; i < alone.size(); ++i)
    EXPECT_LT(relative(together[i], alone[i]), kEager) << i;
  EXPECT_EQ(ledgers[2]->entering()[2], 8);  // 30 -> 15 -> 8
  EXPECT_EQ(ledgers[3]->visual_sets().size(), 1U);
}

// A second sequence is packed in front, so that the view must find its own rows.
TEST_F(Cuts, RowProbesEqualEagerAttentionInBothTapLayers) {
  int probed = 0;
  const Indices rows = {2, 10, 33, 38, 41};
  const TestPruner pruner({1}, true, [&](const LayerView& view) -> std::optional<TokenPlan> {
    const Indices positions = view.ledger().positions();
    const at::Tensor all = at::ones({42}, at::kBool);
    const at::Tensor zero = oracle_.attention(embeds(), 0, all, positions);
    const at::Tensor x = oracle_.layer(embeds(), 0, all, positions);
    EXPECT_LT(relative(view.hidden(), x), kEager);
    const at::Tensor one = oracle_.attention(x, 1, all, positions);
    const at::Tensor index = at::from_blob(const_cast<std::int64_t*>(rows.data()), {5}, at::kLong);
    EXPECT_LE((view.probe(0, rows) - zero.index_select(1, index)).abs().max().item<double>(), 1e-5);
    EXPECT_LE((view.probe(1, rows) - one.index_select(1, index)).abs().max().item<double>(), 1e-5);
    const at::Tensor h = oracle_.norm(x, "model.layers.1.input_layernorm.weight");
    const at::Tensor k = oracle_.rotated(oracle_.linear(h, 1, "self_attn.k_proj"), positions);
    EXPECT_LT(relative(view.keys(1), k), kEager);
    const at::Tensor v = oracle_.linear(h, 1, "self_attn.v_proj").view({42, 4, 16}).transpose(0, 1);
    EXPECT_LT(relative(view.values(1), v), kEager);
    EXPECT_LT(relative(view.final_norm(x), oracle_.norm(x, "model.norm.weight")), kEager);
    EXPECT_LT(relative(view.input_text(), embeds().narrow(0, 33, 9)), 1e-9);
    EXPECT_EQ(view.visual().size(0), kVisual);
    EXPECT_EQ(view.text_after().size(0), 9);
    ++probed;
    return std::nullopt;
  });
  auto other = ledger(PositionPolicy::compact), own = ledger(PositionPolicy::original);
  Sequence pack[] = {{.embeds = embeds(500), .ledger = &other},
                     {.embeds = embeds(), .ledger = &own, .pruner = &pruner}};
  (void)llama_.prefill(pack);
  EXPECT_EQ(probed, 1);
}

TEST_F(Cuts, TheTailLivesUntilTheLastCutOnlyWhereAMethodLooksAtIt) {
  Indices lengths;
  const auto look = [&](const LayerView& view) -> std::optional<TokenPlan> {
    lengths.push_back(view.ledger().length());
    return std::nullopt;
  };
  for (const bool tail : {false, true}) {
    const TestPruner pruner({1, 2}, tail, look);
    auto own = ledger(PositionPolicy::compact);
    Sequence sequence{.embeds = embeds(), .ledger = &own, .pruner = &pruner};
    (void)llama_.prefill({&sequence, 1});
    EXPECT_EQ(own.length(), 39);
  }
  EXPECT_EQ(lengths, (Indices{39, 39, 42, 42}));
}

}  // namespace
}  // namespace litebench::model
