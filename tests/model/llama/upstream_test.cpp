// The reference's dead work in the language model: nothing of it changes a state, and all of it is done. Expected states:
// the reference data; expected operations: closed forms against what LibTorch was seen to execute.

#include "model/llama/upstream_work.hpp"

#include <vector>

#include <ATen/ops/linear.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "model/llama/accounting.hpp"
#include "model/llama/llama.hpp"
#include "model/llama/projector.hpp"
#include "tests/model/llama/golden.hpp"
#include "tests/support/executed_products.hpp"

namespace litebench::model {
namespace {

using golden::Sample;
using Rows = std::vector<std::int64_t>;

constexpr double kHidden = 5e-5;  // README of the reference data

class Upstream : public ::testing::Test {
 protected:
  struct Prepared {
    prune::TokenLedger ledger;
    at::Tensor embeds;
  };
  [[nodiscard]] Prepared prepare(const Sample& sample, const std::string& variant) const {
    const prune::TokenPlan plan = sample.plan(variant);
    const Rows ids = sample.ints("input_ids");
    const at::Tensor visual = project_(plan.apply(sample.at("clip.h_select")));
    return {prune::TokenLedger(ids, plan, golden::ledger_options()), llama_.splice(ids, visual)};
  }
  [[nodiscard]] const LlamaGeometry& size() const { return model_.geometry.llama; }

  c10::InferenceMode inference_;
  LoadedModel model_ = load_model("tests/golden/tiny/glamm", "tests/golden/tiny/clip",
                                  {.compute = Compute::upstream});
  Llama llama_{model_.geometry, model_.glamm};
  UpstreamWork work_{model_.geometry.llama, *model_.glamm};
  Projector project_{*model_.glamm};
  SegHead seg_head_{*model_.glamm};
};

TEST_F(Upstream, StatesBeforeSegAreTheRecordedOnesAndTheirPromptsToo) {
  for (int number = 0; number < golden::kFullSamples; ++number) {
    const Sample sample(number);
    for (const std::string& variant : golden::kVariants) {
      auto [ledger, embeds] = prepare(sample, variant);
      Sequence sequence{.embeds = embeds, .ledger = &ledger};
      const at::Tensor states = llama_.prefill_upstream(sequence, work_);
      EXPECT_EQ(states.size(0), embeds.size(0));
      const at::Tensor wanted = sample.at(variant + ".seg_positions").to(at::kLong);
      EXPECT_LT(
          golden::relative(states.index_select(0, wanted), sample.at(variant + ".seg_hidden")),
          kHidden)
          << number << variant;
      EXPECT_LT(golden::relative(seg_head_(states).index_select(0, wanted),
                                 sample.at(variant + ".pred_embeddings")),
                kHidden)
          << number << variant;
    }
  }
}

TEST_F(Upstream, EveryOperationOfTheClosedFormsIsExecuted) {
  const Sample sample(0);
  for (const std::string& variant : golden::kVariants) {
    auto [ledger, embeds] = prepare(sample, variant);
    Sequence sequence{.embeds = embeds, .ledger = &ledger};
    const std::int64_t length = ledger.length();
    const Rows rows(static_cast<std::size_t>(size().layers), length);
    const test::ExecutedProducts executed;
    (void)seg_head_(llama_.prefill_upstream(sequence, work_));
    EXPECT_DOUBLE_EQ(executed.flops(),
                     llm_flops(size(), rows).total() + adapter_flops(size(), rows) +
                         lm_head_flops(size(), length) + seg_head_flops(size(), length))
        << variant;
  }
}

TEST_F(Upstream, LeanExecutesWhatItsOwnClosedFormSays) {
  const Sample sample(0);
  for (const std::string& variant : golden::kVariants) {
    auto [ledger, embeds] = prepare(sample, variant);
    Sequence sequence{.embeds = embeds, .ledger = &ledger};
    const std::int64_t wanted = std::ssize(ledger.wanted());
    const test::ExecutedProducts executed;
    (void)seg_head_(llama_.prefill({&sequence, 1}).front());
    const Rows rows(static_cast<std::size_t>(size().layers), ledger.length());  // truncated by now
    EXPECT_DOUBLE_EQ(executed.flops(),
                     lean_llm_flops(size(), rows, wanted).total() + seg_head_flops(size(), wanted))
        << variant;
  }
}

TEST_F(Upstream, AdaptersAddNothing) {
  const at::Tensor x = prepare(Sample(0), "litelvlm_64").embeds;
  at::Tensor y = at::linear(x, model_.glamm->at("model.layers.0.self_attn.q_proj.weight"));
  const at::Tensor before = y.clone();
  const test::ExecutedProducts executed;
  work_.adapters.front().q.add_to(y, x);
  EXPECT_EQ((y - before).abs().max().item<double>(), 0);
  EXPECT_DOUBLE_EQ(executed.flops(), adapter_flops(size(), Rows{x.size(0)}) / 2);  // q without v
}

}  // namespace
}  // namespace litebench::model
