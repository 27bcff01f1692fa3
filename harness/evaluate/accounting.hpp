#pragma once
// Token counts and closed forms of one unit, from what the ledger saw.

#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/prepare.hpp"
#include "harness/measure/device_state.hpp"
#include "model/compute.hpp"
#include "model/geometry.hpp"
#include "model/prune/ledger.hpp"
#include "shards/store/rows.hpp"

namespace litebench::evaluate {

/// Sets kept, kept_last, llm_tokens, layer_mean_tokens, kv_bytes, flops_llm, flops_total.
/// Operations are those executed for the sample alone, kv_bytes those of a cache for all rows.
struct AccountedWork {
  std::int64_t expressions = 0;
  std::int64_t clip_text_length =
      0;  ///< longest CLIP text of the sample, 0 for methods that look at no text
  std::int64_t element_size = 0;
  model::Compute compute = model::Compute::lean;
};
void account(store::UnitRow& row, const prune::TokenLedger& ledger, const model::Geometry& geometry,
             const PlannedMethod& method, const AccountedWork& work);

/// Sets clock_mhz, temperature, throttled, energy_mj: of the time between two looks at the device.
void note_state(store::UnitRow& row, const measure::DeviceState& between);

}  // namespace litebench::evaluate
