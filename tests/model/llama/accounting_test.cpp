// Against the tables of upstream.md §9 (computed apart from this program), to their printed digits.
#include "model/llama/accounting.hpp"

#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "model/prune/registry.hpp"

namespace litebench::model {
namespace {

constexpr std::int64_t kText = 128;  // nominal non-image tokens
const Geometry kTrue{};              // the defaults are the true shapes

std::string giga(double flops) { return fmt::format("{:.1f}", flops / 1e9); }
std::string mib(std::int64_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 20));
}

double pipeline(std::int64_t visual) {
  const std::vector<std::int64_t> tokens(32, visual + kText);
  return pipeline_flops(
      kTrue, {.tokens = tokens, .visual_tokens = visual, .expressions = 3, .clip_text_length = 20});
}

// Two cells differ from the document in the last digit: it prints 259.9 and 6.9 where 524288·704² =
// 259.8455 G and (2·4096·4096 + 2·4096·256)·192 = 6.8451 G.
TEST(Accounting, GivesTheTableOfFlops) {
  struct Row {
    std::int64_t visual;
    const char *projector, *linear, *attention, *lm_head, *fcs, *llm, *ratio, *all, *all_ratio;
  };
  const Row table[] = {
      {576, "24.2", "9118.2", "259.8", "184.6", "25.1", "9378.1", "1.000", "15976.9", "1.000"},
      {192, "8.1", "4144.6", "53.7", "83.9", "11.4", "4198.3", "0.448", "10666.7", "0.668"},
      {128, "5.4", "3315.7", "34.4", "67.1", "9.1", "3350.1", "0.357", "9796.7", "0.613"},
      {64, "2.7", "2486.8", "19.3", "50.3", "6.8", "2506.1", "0.267", "8931.0", "0.559"},
      {32, "1.3", "2072.3", "13.4", "42.0", "5.7", "2085.7", "0.222", "8499.7", "0.532"}};
  const double full = llm_flops(kTrue.llama, 704).total();
  for (const Row& row : table) {
    const std::int64_t rows = row.visual + kText;
    const LlmFlops llm = llm_flops(kTrue.llama, rows);
    EXPECT_EQ(giga(projector_flops(kTrue, row.visual)), row.projector);
    EXPECT_EQ(giga(llm.linear), row.linear);
    EXPECT_EQ(giga(llm.attention), row.attention);
    EXPECT_EQ(giga(lm_head_flops(kTrue.llama, rows)), row.lm_head);
    EXPECT_EQ(giga(seg_head_flops(kTrue.llama, rows)), row.fcs);
    EXPECT_EQ(giga(llm.total()), row.llm);
    EXPECT_EQ(fmt::format("{:.3f}", llm.total() / full), row.ratio);
    EXPECT_EQ(giga(pipeline(row.visual)), row.all);
    EXPECT_EQ(fmt::format("{:.3f}", pipeline(row.visual) / pipeline(576)), row.all_ratio);
  }
}

// pruners.md §8.7 counts multiply-adds of 124 text tokens: FastV costs its two whole layers.
TEST(Accounting, FollowsTheLayersThatACutLeavesSmaller) {
  for (const auto& [variant, expected] : {std::pair{"none", "4.66"},
                                          {"litelvlm@192", "2.07"},
                                          {"fastv@192", "2.23"},
                                          {"fastv@128", "1.84"},
                                          {"fastv@64", "1.44"}}) {
    const auto pruner = prune::builtin_registry().make(unit::parse_variant(variant));
    std::vector<std::int64_t> rows = std::get<prune::Schedule>(pruner->schedule(kTrue)).entering;
    for (std::int64_t& row : rows) row += 124;
    const double macs = llm_flops(kTrue.llama, rows).total() / 2;
    EXPECT_EQ(fmt::format("{:.2f}", macs / 1e12), expected) << variant;
  }
}

TEST(Accounting, GivesTheSensitivityToTheTextLength) {
  struct Row {
    std::int64_t text;
    const char *full, *tokens192, *tokens64;
  };
  for (const Row& row :
       {Row{70, "8585.8", "3429.4", "1745.0"}, Row{120, "9268.6", "4092.1", "2400.9"},
        Row{150, "9679.5", "4490.9", "2795.7"}}) {
    EXPECT_EQ(giga(llm_flops(kTrue.llama, 576 + row.text).total()), row.full);
    EXPECT_EQ(giga(llm_flops(kTrue.llama, 192 + row.text).total()), row.tokens192);
    EXPECT_EQ(giga(llm_flops(kTrue.llama, 64 + row.text).total()), row.tokens64);
  }
}

TEST(Accounting, GivesThePartsOfTheTowers) {
  EXPECT_EQ(giga(clip_vision_flops(kTrue.vision, 24)), "381.9");
  EXPECT_EQ(giga(clip_vision_flops(kTrue.vision, 23)), "366.0");
  EXPECT_EQ(fmt::format("{:.2f}", clip_text_flops(kTrue.text, 1, 20) / 1e9), "3.41");
  EXPECT_EQ(giga(sam_encoder_flops(kTrue.sam)), "5961.1");
  EXPECT_EQ(fmt::format("{:.2f}", mask_decoder_flops(kTrue.sam, 1) / 1e9), "3.61");
}

TEST(Accounting, GivesTheTableOfMemory) {
  struct Row {
    std::int64_t rows;
    const char *kv, *hidden, *logits, *scores, *softmax, *mlp;
  };
  for (const Row& row : {Row{704, "352.0", "181.5", "43.0", "30.2", "60.5", "14.8"},
                         Row{320, "160.0", "82.5", "19.5", "6.2", "12.5", "6.7"},
                         Row{192, "96.0", "49.5", "11.7", "2.2", "4.5", "4.0"}}) {
    const LlmBytes bytes = llm_bytes(kTrue.llama, row.rows, 2);
    EXPECT_EQ(mib(bytes.kv), row.kv);
    EXPECT_EQ(mib(bytes.hidden_states), row.hidden);
    EXPECT_EQ(mib(bytes.logits), row.logits);
    EXPECT_EQ(mib(bytes.scores),
              row.scores);  // the document rounds 30.25, 6.25 and 2.25 up, printf to even
    EXPECT_EQ(mib(bytes.softmax), row.softmax);
    EXPECT_EQ(mib(bytes.mlp_intermediate), row.mlp);
  }
}

// pruners.md §8.7: FastV at K = 2, 192 tokens after the cut, 4.66 and 2.23 tera multiply-adds at n
// = 700.
TEST(Accounting, CountsLayersByTheRowsThatEnterThem) {
  std::vector<std::int64_t> fastv(32, 192 + 124);
  fastv[0] = fastv[1] = 576 + 124;
  EXPECT_EQ(fmt::format("{:.2f}", llm_flops(kTrue.llama, fastv).total() / 2e12), "2.23");
  EXPECT_EQ(fmt::format("{:.2f}", llm_flops(kTrue.llama, 700).total() / 2e12), "4.66");
  EXPECT_EQ(kv_bytes(kTrue.llama, fastv, 2), 2 * 4096 * 2 * (2 * 700 + 30 * 316));
  EXPECT_EQ(llm_bytes(kTrue.llama, 700, 2).kv,
            kv_bytes(kTrue.llama, std::vector<std::int64_t>(32, 700), 2));
}

// The published "memory" column: 0.80 GiB at n = 700 (pruners.md §8.7).
TEST(Accounting, ReproducesThePublishedActivationColumn) {
  const std::vector<std::int64_t> tokens(32, 700);
  EXPECT_EQ(
      fmt::format("{:.2f}",
                  static_cast<double>(stored_activation_bytes(kTrue.llama, tokens, 2)) / (1 << 30)),
      "0.80");
}

}  // namespace
}  // namespace litebench::model
