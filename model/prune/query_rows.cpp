#include "model/prune/query_rows.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/select/stable_topk.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune {

MethodOption query_rows_option() {
  return {.name = "query_rows",
          .help =
              "rows whose attention ranks: the conversation's last, those before each answer, "
              "those that predict [SEG], or all after the image",
          .values = {"last", "turn_ends", "seg", "all_text"}};
}

QueryRows query_rows_of(const Options& options) {
  const std::string& name = options.at("query_rows");
  if (name == "turn_ends") return QueryRows::turn_ends;
  if (name == "seg") return QueryRows::seg;
  return name == "all_text" ? QueryRows::all_text : QueryRows::last;
}

bool looks_at_tail(QueryRows rows) {
  return rows == QueryRows::last || rows == QueryRows::all_text;
}

std::vector<std::int64_t> rows_of(QueryRows rows, const TokenLedger& ledger) {
  switch (rows) {
    case QueryRows::last: return {ledger.length() - 1};
    case QueryRows::turn_ends: return ledger.turn_ends();
    case QueryRows::seg: return raster(ledger.wanted());
    case QueryRows::all_text: break;
  }
  const std::int64_t begin = ledger.visual_begin() + ledger.visual_count();
  std::vector<std::int64_t> all(static_cast<std::size_t>(ledger.length() - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

at::Tensor mean_attention(const LayerView& view, std::int64_t tap_layer,
                          const std::vector<std::int64_t>& rows) {
  const TokenLedger& ledger = view.ledger();
  return view.probe(tap_layer, rows)
      .narrow(2, ledger.visual_begin(), ledger.visual_count())
      .mean(at::IntArrayRef{0, 1});
}

TokenPlan keep_best(const at::Tensor& scores, std::int64_t count) {
  const at::Tensor parts[] = {scores};
  const HostScores host(parts);
  return TokenPlan::gather(raster(kernels::stable_topk(host.row(0), count, kernels::Best::largest)),
                           scores.size(0));
}

}  // namespace litebench::prune
