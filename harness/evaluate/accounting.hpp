#pragma once
// Token counts and closed forms of one unit, from what the ledger saw.

#include "harness/evaluate/prepare.hpp"
#include "harness/measure/device_state.hpp"
#include "model/geometry.hpp"
#include "model/prune/ledger.hpp"
#include "shards/store/rows.hpp"

namespace litebench::evaluate {

/// Sets kept, kept_last, llm_tokens, layer_mean_tokens, kv_bytes, flops_llm, flops_total.
/// `clip_text_length`: longest CLIP text of the sample, 0 for methods that look at no text.
void account(store::UnitRow& row, const prune::TokenLedger& ledger, const model::Geometry& geometry,
             std::int64_t expressions, std::int64_t clip_text_length, std::int64_t element_size);

/// Sets clock_mhz, temperature, throttled, energy_mj: of the time between two looks at the device.
void note_state(store::UnitRow& row, const measure::DeviceState& between);

}  // namespace litebench::evaluate
