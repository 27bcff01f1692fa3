#include "harness/evaluate/accounting.hpp"

#include <vector>

#include "model/llama/accounting.hpp"

namespace litebench::evaluate {

void account(store::UnitRow& row, const prune::TokenLedger& ledger, const model::Geometry& geometry,
             std::int64_t expressions, std::int64_t clip_text_length, std::int64_t element_size) {
  const std::int64_t text = ledger.prefill_tokens() - ledger.kept();
  std::vector<std::int64_t> tokens;
  for (const std::int64_t visual : ledger.entering()) tokens.push_back(text + visual);
  row.kept = static_cast<std::int16_t>(ledger.kept());
  row.kept_last = static_cast<std::int16_t>(ledger.kept_last());
  row.llm_tokens = static_cast<std::int32_t>(ledger.prefill_tokens());
  row.layer_mean_tokens = static_cast<float>(ledger.layer_mean());
  row.kv_bytes = model::kv_bytes(geometry.llama, tokens, element_size);
  row.flops_llm = model::llm_flops(geometry.llama, tokens).total();
  row.flops_total =
      model::pipeline_flops(geometry, {tokens, ledger.kept(), expressions, clip_text_length});
}

void note_state(store::UnitRow& row, const measure::DeviceState& between) {
  row.clock_mhz = between.clock_mhz;
  row.temperature = between.temperature;
  row.throttled = between.throttled;
  row.energy_mj = between.energy_mj;
}

}  // namespace litebench::evaluate
