#pragma once
// Whose attention ranks the visual tokens inside the language model: with several questions in one
// prompt there is more than one "last token" (pruners.md §2.4).

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/prune/options.hpp"
#include "model/prune/pruner.hpp"

namespace litebench::prune {

enum class QueryRows : std::uint8_t {
  last,       ///< the conversation's last row, which is the end of the last answer
  turn_ends,  ///< the row before each answer
  seg,        ///< the rows that predict [SEG]
  all_text,   ///< every row after the image
};

MethodOption query_rows_option();
QueryRows query_rows_of(const Options& options);

/// Whether rows after the last wanted one must live until the cut.
bool looks_at_tail(QueryRows rows);

/// Live rows, ascending.
std::vector<std::int64_t> rows_of(QueryRows rows, const TokenLedger& ledger);

/// fp32 [V]: attention that `rows` pay to the visual rows in layer `tap_layer`, mean over heads and
/// rows.
at::Tensor mean_attention(const LayerView& view, std::int64_t tap_layer,
                          const std::vector<std::int64_t>& rows);

/// The `count` visual rows of highest score, in the order they stand.
TokenPlan keep_best(const at::Tensor& scores, std::int64_t count);

}  // namespace litebench::prune
