#include "analysis/tables/build.hpp"

#include <algorithm>

namespace litebench::analysis {

std::vector<Table> build_tables(const TableInput& input) {
  const bool timed = input.summary.latency_units > 0;
  const bool compared = !input.inference.comparisons.empty();
  struct Entry {
    const char* name;
    bool has_something_to_say;
    Table (*build)(const TableInput&);
  };
  const Entry entries[] = {
      {"main", true, main_table},
      {"metrics", true, metrics_table},
      {"efficiency", timed, efficiency_table},
      {"cold-start", !input.run.cold_starts.empty(), cold_start_table},
      {"comparisons", compared, comparisons_table},
      {"pareto", true, pareto_table},
      {"break-even", timed && input.summary.baseline.has_value(), break_even_table},
      {"slices", true, slices_table},
      {"categories", true, categories_table},
      {"conventions", true, conventions_table},
      {"stragglers", true, stragglers_table},
      {"failures", !input.run.failures.empty(), failures_table}};
  const std::vector<std::string>& include = input.tables.include;
  const auto wanted = [&](const std::string& name) {
    return include.empty() || std::find(include.begin(), include.end(), name) != include.end();
  };
  std::vector<Table> tables;
  for (const Entry& entry : entries) {
    if (entry.has_something_to_say && wanted(entry.name)) tables.push_back(entry.build(input));
  }
  for (const AxisTable& table : input.tables.tables) {
    if (wanted(table.name)) tables.push_back(axis_table(input, table));
  }
  return tables;
}

}  // namespace litebench::analysis
