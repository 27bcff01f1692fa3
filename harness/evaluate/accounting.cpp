#include "harness/evaluate/accounting.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "model/llama/accounting.hpp"

namespace litebench::evaluate {
namespace {

std::vector<std::int64_t> with_text(std::span<const std::int64_t> visual, std::int64_t text) {
  std::vector<std::int64_t> rows;
  for (const std::int64_t count : visual) rows.push_back(text + count);
  return rows;
}

/// Rows that went through each layer: lean prefill ends at the last [SEG] state, but waits with that until the last cut
/// where the method looks at the rows behind it.
std::vector<std::int64_t> lean_rows(const prune::TokenLedger& ledger,
                                    const model::Geometry& geometry, const PlannedMethod& method) {
  std::vector<std::int64_t> rows =
      with_text(ledger.entering(), ledger.length() - ledger.visual_count());
  if (!method.pruner->taps(geometry).decoder_tail) return rows;
  const std::int64_t behind =
      ledger.prefill_tokens() - ledger.kept() - (ledger.length() - ledger.visual_count());
  const std::vector<std::int64_t> cuts = method.pruner->cut_layers(geometry);
  const std::size_t last_cut = cuts.empty() ? 0 : static_cast<std::size_t>(cuts.back());
  for (std::size_t layer = 0; layer < std::min(last_cut, rows.size()); ++layer)
    rows[layer] += behind;
  return rows;
}

}  // namespace

void account(store::UnitRow& row, const prune::TokenLedger& ledger, const model::Geometry& geometry,
             const PlannedMethod& method, const AccountedWork& work) {
  const std::vector<std::int64_t> all =
      with_text(ledger.entering(), ledger.prefill_tokens() - ledger.kept());
  row.kept = static_cast<std::int16_t>(ledger.kept());
  row.kept_last = static_cast<std::int16_t>(ledger.kept_last());
  row.llm_tokens = static_cast<std::int32_t>(ledger.prefill_tokens());
  row.layer_mean_tokens = static_cast<float>(ledger.layer_mean());
  row.kv_bytes = model::kv_bytes(geometry.llama, all, work.element_size);
  const bool lean = work.compute == model::Compute::lean;
  const std::vector<std::int64_t> rows = lean ? lean_rows(ledger, geometry, method) : all;
  // Decoder layers alone, as upstream.md §9 counts them: lm_head and adapters belong to the total.
  row.flops_llm = lean ? model::lean_llm_flops(geometry.llama, rows, work.expressions).total()
                       : model::llm_flops(geometry.llama, rows).total();
  row.flops_total = model::executed_flops(
      geometry, {rows, ledger.kept(), work.expressions, work.clip_text_length}, work.compute);
}

void note_state(store::UnitRow& row, const measure::DeviceState& between) {
  row.clock_mhz = between.clock_mhz;
  row.temperature = between.temperature;
  row.throttled = between.throttled;
  row.energy_mj = between.energy_mj;
}

}  // namespace litebench::evaluate
