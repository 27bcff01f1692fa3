// Expected values: the reference implementation (tests/golden/tiny, transformers 4.28.1 on a CPU).

#include "model/clip/text.hpp"

#include <gtest/gtest.h>

#include "model/llama/accounting.hpp"
#include "tests/model/golden.hpp"
#include "tests/support/executed_products.hpp"

namespace litebench::model {
namespace {

using golden::tiny_model;

std::vector<std::int64_t> ids_of_row(const at::Tensor& ids) {
  const auto row = ids.contiguous();
  return {row.data_ptr<std::int64_t>(), row.data_ptr<std::int64_t>() + row.numel()};
}

std::vector<std::int64_t> unpadded(const at::Tensor& ids, const at::Tensor& mask) {
  auto row = ids_of_row(ids);
  row.resize(mask.sum().item<std::int64_t>());
  return row;
}

class ClipTextTest : public ::testing::Test {
 protected:
  c10::InferenceMode guard_;
  ClipText text_{*tiny_model().clip, tiny_model().geometry.text};
};

TEST_F(ClipTextTest, EmbeddingsOfUnpaddedQuestionsEqualThePaddedReferenceBatch) {
  for (const auto& sample : golden::samples()) {
    const auto ids = sample.file.at("clip.text_input_ids"),
               mask = sample.file.at("clip.text_attention_mask");
    std::vector<std::vector<std::int64_t>> texts;
    for (std::int64_t q = 0; q < ids.size(0); ++q) {
      texts.push_back(unpadded(ids[q], mask[q]));
    }
    EXPECT_LT(golden::relative_error(text_.embed_all(texts), sample.file.at("clip.text_embeds")),
              2e-5)
        << sample.name;
  }
}

TEST_F(ClipTextTest, PaddingBehindTheEndTokenChangesNothing) {
  const auto file = golden::File("sample_00.safetensors");
  const auto ids = file.at("clip.text_input_ids"), mask = file.at("clip.text_attention_mask");
  for (std::int64_t q = 0; q < ids.size(0); ++q) {
    const auto padded = ids_of_row(ids[q]);
    EXPECT_TRUE(text_.embed(padded).equal(text_.embed(unpadded(ids[q], mask[q]))));
  }
}

TEST_F(ClipTextTest, UpstreamPadsToTheLongestTextRunsThePaddingAndEmbedsTheSame) {
  for (const auto& sample : golden::samples()) {
    const auto ids = sample.file.at("clip.text_input_ids"),
               mask = sample.file.at("clip.text_attention_mask");
    std::vector<std::vector<std::int64_t>> texts;
    for (std::int64_t q = 0; q < ids.size(0); ++q) texts.push_back(unpadded(ids[q], mask[q]));
    const test::ExecutedProducts executed;
    const auto embeds = text_.embed_all(texts, Compute::upstream);
    // The reference's padded length, from its record.
    EXPECT_DOUBLE_EQ(executed.flops(),
                     clip_text_flops(tiny_model().geometry.text, ids.size(0), ids.size(1)));
    EXPECT_LT(golden::relative_error(embeds, sample.file.at("clip.text_embeds")), 2e-5)
        << sample.name;
  }
}

TEST_F(ClipTextTest, AnEmbeddingDoesNotDependOnItsNeighbours) {
  const std::vector<std::int64_t> one{2912, 320, 518, 2913}, other{2912, 900, 2913};
  EXPECT_TRUE(text_.embed_all({one, other})[0].equal(text_.embed(one)));
}

TEST_F(ClipTextTest, TextsThatDoNotFitAreRefused) {
  const std::vector<std::int64_t> none, too_long(78, 5), unknown{2912, 2914}, negative{-1};
  for (const auto& ids : {none, too_long, unknown, negative}) {
    EXPECT_THROW((void)text_.embed(ids), std::invalid_argument);
  }
}

}  // namespace
}  // namespace litebench::model
