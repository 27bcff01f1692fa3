#pragma once
// Accuracy of one seed of a variant in a split, from rows of /expressions. Private to audit/.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/audit/recompute.hpp"

namespace litebench::analysis::audit {

/// One seed's value of a metric that is a share of expressions or pixels, and how it came about.
struct SeedValue {
  std::optional<double> value;
  std::string step;
};

/// ciou, giou, p50…p90, n_acc, t_acc, and the ten of the table of conventions.
bool is_mask_metric(std::string_view metric);
std::string formula_of_mask_metric(std::string_view metric, bool upstream_epsilons, bool f32);
SeedValue seed_value(const Ledger& ledger, std::string_view metric,
                     const std::vector<std::size_t>& rows, bool upstream_epsilons,
                     const Counting& counting);

/// "eps" of a protocol's options is not "none".
bool upstream_epsilons(const std::string& protocol_json);

}  // namespace litebench::analysis::audit
