// Methods that cut inside the decoder, against an oracle that masks instead of dropping and ranks by
// whole attention matrices (eager.hpp).
#include <algorithm>

#include <gtest/gtest.h>

#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "kernels/cluster/density_peaks.hpp"
#include "tests/model/llama/decoder_world.hpp"
#include "tests/model/llama/eager.hpp"
#include "tests/model/llama/golden.hpp"

namespace litebench::model {
namespace {

using namespace decoder_world;
using golden::relative;

// fp32 against angles made in double, through 32 layers; a wrong row or position shows at 1e-2.
constexpr double kEager = 1e-4;

/// One model for all tests: its weights take a while.
const World& world() {
  static const World made;
  return made;
}

class DecoderMethods : public ::testing::Test {
 protected:
  c10::InferenceMode inference_;
  eager::Decoder oracle_{world().loaded()};
  Indices positions_ = [] {
    Indices all(kRows);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }();

  [[nodiscard]] at::Tensor entering(std::int64_t layer) const {
    const at::Tensor all = at::ones({kRows}, at::kBool);
    at::Tensor x = world().embeds();
    for (std::int64_t l = 0; l < layer; ++l) x = oracle_.layer(x, l, all, positions_);
    return x;
  }
  /// States before the [SEG]s where visual rows not in `kept` are masked from `layer` on.
  [[nodiscard]] at::Tensor masked(std::int64_t layer, const Indices& kept) const {
    at::Tensor seen = at::ones({kRows}, at::kBool);
    seen.narrow(0, kBegin, kPatches).fill_(false);
    for (const std::int64_t patch : kept) seen[kBegin + patch].fill_(true);
    at::Tensor x = entering(layer);
    for (std::int64_t l = layer; l < 32; ++l) x = oracle_.layer(x, l, seen, positions_);
    x = oracle_.norm(x, "model.norm.weight");
    return at::stack({x[kFirstSeg], x[kSecondSeg]});
  }
  /// The `count` patches that `rows` attend to most in layer `tap`, ascending.
  [[nodiscard]] Indices attended(std::int64_t tap, const Indices& rows, std::int64_t count) const {
    const at::Tensor attention =
        oracle_.attention(entering(tap), tap, at::ones({kRows}, at::kBool), positions_);
    std::vector<std::pair<double, std::int64_t>> ranked;
    for (std::int64_t patch = 0; patch < kPatches; ++patch) {
      double sum = 0;
      for (const std::int64_t row : rows)
        sum += attention.select(1, row).select(1, kBegin + patch).sum().item<double>();
      ranked.emplace_back(-sum, patch);
    }
    std::sort(ranked.begin(), ranked.end());
    Indices best;
    for (std::int64_t i = 0; i < count; ++i)
      best.push_back(ranked[static_cast<std::size_t>(i)].second);
    std::sort(best.begin(), best.end());
    return best;
  }
  static Indices last_set(const Outcome& outcome) {
    const auto& origins = outcome.ledger->visual_sets().back().origins;
    return {origins.begin(), origins.end()};
  }
};

TEST_F(DecoderMethods, FastVDropsWhatTheMaskingReferenceMasks) {
  struct Case {
    const char* variant;
    std::int64_t layer, kept;
    Indices rows;
  };
  Indices text;
  for (std::int64_t row = kBegin + kPatches; row < kRows; ++row) text.push_back(row);
  const Case cases[] = {
      {"fastv@192", 2, 192, {kRows - 1}},
      {"fastv@64[k=3]", 3, 64, {kRows - 1}},
      {"fastv@192[mode=layermean]", 2, 166, {kRows - 1}},
      {"fastv@192[query_rows=seg]", 2, 192, {kFirstSeg, kSecondSeg}},
      {"fastv@192[query_rows=turn_ends]", 2, 192, {kFirstSeg, kSecondSeg}},
      {"fastv@192[query_rows=all_text]", 2, 192, text},
  };
  for (const Case& c : cases) {
    const Outcome outcome = world().run(c.variant);
    const Indices kept = attended(c.layer - 1, c.rows, c.kept);
    EXPECT_EQ(last_set(outcome), kept) << c.variant;
    EXPECT_LT(relative(outcome.states, masked(c.layer, kept)), kEager) << c.variant;
  }
}

TEST_F(DecoderMethods, VtwDropsAllWhereTheMaskingReferenceMasksAll) {
  for (const auto& [variant, layer] : {std::pair{"vtw", 15}, {"vtw@192", 11}}) {
    const Outcome outcome = world().run(variant);
    EXPECT_LT(relative(outcome.states, masked(layer, {})), kEager) << variant;
    EXPECT_EQ(outcome.ledger->kept_last(), 0);
  }
}

TEST_F(DecoderMethods, OriginalPositionsStayAndCompactOnesMoveUp) {
  const Outcome native = world().run("fastv@64"), compact = world().run("fastv@64[pos=compact]");
  EXPECT_EQ(native.ledger->row(native.ledger->length() - 1).position, kSecondSeg);
  EXPECT_EQ(compact.ledger->row(compact.ledger->length() - 1).position, kSecondSeg - 512);
  EXPECT_EQ(last_set(native), last_set(compact));
  EXPECT_GT(relative(compact.states, native.states), 10 * kEager);
}

/// The decoder one layer at a time, where cuts really take rows away and positions are counted anew.
class Replay {
 public:
  explicit Replay(const eager::Decoder& oracle)
      : oracle_(oracle), x_(world().embeds()), before_(x_), patches_(kPatches) {
    std::iota(patches_.begin(), patches_.end(), 0);
  }

  /// Runs layers up to `layer`, exclusive.
  void advance(std::int64_t layer) {
    for (; next_ < layer; ++next_) {
      before_ = x_;
      x_ = oracle_.layer(x_, next_, all(), positions());
    }
  }
  /// Attention to the visual rows, mean over heads and over rows counted from the first text row
  /// after the image: of the layer that comes next, or of the one that just ran.
  [[nodiscard]] at::Tensor attention_of_next(const Indices& text) const {
    return attention(x_, next_, text);
  }
  [[nodiscard]] at::Tensor attention_of_last(const Indices& text) const {
    return attention(before_, next_ - 1, text);
  }
  [[nodiscard]] at::Tensor visual() const { return x_.narrow(0, kBegin, std::ssize(patches_)); }
  [[nodiscard]] const Indices& patches() const { return patches_; }

  /// Goes on with some visual rows and, behind them, new ones.
  void cut(const Indices& rows, const std::vector<at::Tensor>& made) {
    std::vector<at::Tensor> parts = {x_.narrow(0, 0, kBegin)};
    Indices patches;
    for (const std::int64_t row : rows) {
      parts.push_back(x_.narrow(0, kBegin + row, 1));
      patches.push_back(patches_[static_cast<std::size_t>(row)]);
    }
    for (const at::Tensor& state : made) {
      parts.push_back(state.unsqueeze(0));
      patches.push_back(-1);
    }
    parts.push_back(x_.narrow(0, x_.size(0) - 9, 9));
    x_ = at::cat(parts);
    patches_ = patches;
  }
  /// Final-normed states before the two [SEG]s.
  [[nodiscard]] at::Tensor finish() {
    advance(32);
    const at::Tensor normed = oracle_.norm(x_, "model.norm.weight");
    const std::int64_t moved = kPatches - std::ssize(patches_);
    return at::stack({normed[kFirstSeg - moved], normed[kSecondSeg - moved]});
  }

 private:
  [[nodiscard]] at::Tensor all() const { return at::ones({x_.size(0)}, at::kBool); }
  [[nodiscard]] Indices positions() const {
    Indices counted(static_cast<std::size_t>(x_.size(0)));
    std::iota(counted.begin(), counted.end(), 0);
    return counted;
  }
  [[nodiscard]] at::Tensor attention(const at::Tensor& x, std::int64_t layer,
                                     const Indices& text) const {
    const at::Tensor whole = oracle_.attention(x, layer, all(), positions());
    at::Tensor sum = at::zeros({std::ssize(patches_)});
    for (const std::int64_t place : text) {
      const std::int64_t row = kBegin + std::ssize(patches_) + place;
      sum = sum + whole.select(1, row).narrow(1, kBegin, std::ssize(patches_)).sum(0);
    }
    return sum;
  }

  const eager::Decoder& oracle_;
  at::Tensor x_, before_;
  Indices patches_;
  std::int64_t next_ = 0;
};

/// Indices by falling score, lower ones first among equals.
Indices ranked(const at::Tensor& scores) {
  std::vector<std::pair<double, std::int64_t>> order;
  for (std::int64_t i = 0; i < scores.size(0); ++i)
    order.emplace_back(-scores[i].item<double>(), i);
  std::sort(order.begin(), order.end());
  Indices indices;
  for (const auto& [score, i] : order) indices.push_back(i);
  return indices;
}

Indices sorted(Indices values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST_F(DecoderMethods, PyramidDropDropsStageByStageByTheNextLayersAttention) {
  struct Case {
    const char* variant;
    Indices layers, kept;
  };
  for (const Case& c : {Case{"pyramiddrop@192", {2, 8, 16}, {322, 180, 101}},
                        Case{"pyramiddrop", {8, 16, 24}, {288, 144, 72}}}) {
    Replay replay(oracle_);
    for (std::size_t stage = 0; stage < 3; ++stage) {
      replay.advance(c.layers[stage]);
      Indices order = ranked(replay.attention_of_next({8}));
      order.resize(static_cast<std::size_t>(c.kept[stage]));
      replay.cut(sorted(order), {});
    }
    const Outcome outcome = world().run(c.variant);
    EXPECT_EQ(last_set(outcome), replay.patches()) << c.variant;
    EXPECT_LT(relative(outcome.states, replay.finish()), kEager) << c.variant;
  }
}

TEST_F(DecoderMethods, SparseVlmKeepsByItsRatersAndRecyclesTheBestOfTheRest) {
  const at::Tensor input = world().embeds();
  const at::Tensor shares = at::softmax(at::matmul(input.narrow(0, kBegin, kPatches),
                                                   input.narrow(0, kBegin + kPatches, 9).t()),
                                        1)
                                .mean(0);
  Indices raters;
  for (std::int64_t place = 0; place < 9; ++place) {
    if (shares[place].item<double>() > 1.0 / 9) raters.push_back(place);
  }
  ASSERT_GT(raters.size(), 0U);
  ASSERT_LT(raters.size(), 9U);

  Replay replay(oracle_);
  const Indices layers = {3, 7, 16}, kept = {303, 110, 36}, recycled = {82, 61, 25},
                clusters = {9, 7, 3};
  for (std::size_t stage = 0; stage < 3; ++stage) {
    replay.advance(layers[stage]);
    const Indices order = ranked(replay.attention_of_last(raters));
    const auto cut = order.begin() + kept[stage];
    const Indices others = sorted({cut, cut + recycled[stage]});
    std::vector<float> apart;
    for (const std::int64_t a : others) {
      for (const std::int64_t b : others) {
        const at::Tensor gap = replay.visual()[a] - replay.visual()[b];
        apart.push_back(static_cast<float>(gap.norm().item<double>() / 8));  // √64
      }
    }
    const kernels::Clusters found =
        kernels::density_peaks(apart.data(), std::ssize(others), clusters[stage]);
    std::vector<at::Tensor> made;
    for (std::int64_t c = 0; c < clusters[stage]; ++c) {
      std::vector<at::Tensor> members;
      for (std::size_t i = 0; i < others.size(); ++i) {
        if (found.cluster[i] == c) members.push_back(replay.visual()[others[i]]);
      }
      made.push_back(at::stack(members).mean(0));
    }
    replay.cut(sorted({order.begin(), cut}), made);
  }
  const Outcome outcome = world().run("sparsevlm@128");
  EXPECT_EQ(outcome.ledger->kept_last(), 39);
  EXPECT_LT(relative(outcome.states, replay.finish()), kEager);
}

TEST_F(DecoderMethods, RasterOrderPutsMergedTokensWhereTheirMembersWere) {
  const Outcome native = world().run("sparsevlm@64"),
                raster = world().run("sparsevlm@64[order=raster]");
  EXPECT_EQ(native.entering(), raster.entering());
  const auto anchors = [](const Outcome& outcome) {
    std::vector<float> places;
    for (std::int64_t i = 0; i < outcome.ledger->visual_count(); ++i) {
      places.push_back(outcome.ledger->row(kBegin + i).anchor);
    }
    return places;
  };
  const auto in_order = anchors(raster), as_made = anchors(native);
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
  EXPECT_FALSE(std::is_sorted(as_made.begin(), as_made.end()));
}

// The laws of the choice; the choice itself is compared with an independent program (twins).
TEST_F(DecoderMethods, DartKeepsItsPivotsAndAsManyAsItSays) {
  EXPECT_EQ(world().run("dart@192").ledger->kept_last(), 196);
  EXPECT_EQ(world().run("dart@192[exact=true]").ledger->kept_last(), 192);
  EXPECT_EQ(world().run("dart@31[exact=true]").ledger->kept_last(), 31);
  const Indices all = last_set(world().run("dart@64")),
                exact = last_set(world().run("dart@64[exact=true]"));
  EXPECT_TRUE(std::includes(all.begin(), all.end(), exact.begin(), exact.end()));
}

const char* const kVariants[] = {"pyramiddrop@192",
                                 "pyramiddrop@64",
                                 "pyramiddrop",
                                 "pyramiddrop@32[mode=afterprune]",
                                 "sparsevlm@192",
                                 "sparsevlm@128",
                                 "sparsevlm@64",
                                 "sparsevlm@144",
                                 "sparsevlm@32[mode=afterprune]",
                                 "sparsevlm+@192",
                                 "sparsevlm+@64",
                                 "sparsevlm+@144",
                                 "dart@192",
                                 "dart@64[exact=true]",
                                 "dart@128[mode=layermean]",
                                 "fastv@192",
                                 "fastv@64[k=3]",
                                 "fastv@192[mode=layermean]",
                                 "vtw",
                                 "vtw@128"};

TEST_F(DecoderMethods, LedgersCountWhatSchedulesPlanned) {
  for (const char* variant : kVariants) {
    const auto planned = world().pruner(variant)->schedule(world().geometry());
    ASSERT_TRUE(std::holds_alternative<prune::Schedule>(planned)) << variant;
    const prune::Schedule& schedule = std::get<prune::Schedule>(planned);
    const Outcome outcome = world().run(variant);
    EXPECT_EQ(outcome.entering(), schedule.entering) << variant;
    EXPECT_DOUBLE_EQ(outcome.ledger->layer_mean(), schedule.mean()) << variant;
    EXPECT_EQ(outcome.ledger->kept(), kPatches) << variant;
  }
}

TEST_F(DecoderMethods, TheWholeBudgetIsTheUnprunedModel) {
  const at::Tensor whole = world().run("none").states;
  for (const char* variant : {"fastv@576", "fastv@576[mode=layermean]", "vtw@576",
                              "pyramiddrop@576", "sparsevlm@576", "sparsevlm+@576", "dart@576"}) {
    const Outcome outcome = world().run(variant);
    EXPECT_EQ(relative(outcome.states, whole), 0) << variant;
    EXPECT_EQ(outcome.entering(), Indices(32, kPatches)) << variant;
  }
}

// Models with fewer layers than the published 32 have cuts too, never before the first layer.
TEST_F(DecoderMethods, AShallowModelIsCutAtItsOwnLayers) {
  const World shallow(3);
  EXPECT_EQ(shallow.run("fastv@64").entering(), (Indices{576, 64, 64}));
  EXPECT_EQ(shallow.run("sparsevlm@64").entering(), (Indices{576, 47, 19}));
  EXPECT_EQ(shallow.run("pyramiddrop@64[mode=afterprune]").entering(), (Indices{576, 133, 64}));
  EXPECT_EQ(shallow.run("vtw@192").entering(), (Indices{576, 0, 0}));
}

}  // namespace
}  // namespace litebench::model
