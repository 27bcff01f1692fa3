#pragma once
// The [tables] part of a configuration, or of a file of its own: which tables there are and how sure they are.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/statistics/interval.hpp"
#include "analysis/statistics/significance.hpp"
#include "base/toml.hpp"
#include "base/toml_table.hpp"

namespace litebench::analysis {

/// A table of the user's: one metric over two axes of the sweep.
struct AxisTable {
  std::string name, title;
  std::string rows = "method", columns = "tokens", value = "ciou";
  std::vector<std::pair<std::string, std::string>> where;  ///< axis = value
  friend bool operator==(const AxisTable&, const AxisTable&) = default;
};

struct TableOptions {
  std::string baseline = "none";  ///< variant id
  std::string reference;          ///< name of published numbers; "": none
  std::vector<std::string>
      include;  ///< names of tables; empty: every table that has something to say
  std::vector<std::string> print{"main", "efficiency"};  ///< of them, on the terminal
  std::int32_t draws = 10'000;                           ///< 0: no intervals and no tests
  std::int64_t seed = 17;
  IntervalKind interval = IntervalKind::bca;
  double level = 0.95;
  Correction correction = Correction::holm;
  double alpha = 0.05, power = 0.8;
  double margin = 0.01;  ///< of equivalence, share of cIoU
  std::int64_t least_images = 10;
  std::vector<AxisTable> tables;
  friend bool operator==(const TableOptions&, const TableOptions&) = default;
};

/// The tables that litebench makes itself, in the order in which they are made.
const std::vector<std::string>& table_names();

/// Axes of user tables beside the options of methods: method, tokens, mode, position, order, variant, protocol, split, and
/// the slices size, words, length, category.
const std::vector<std::string>& axis_names();

/// Takes every key of the table. Throws Error{usage} that names key, line and what is allowed; also for unknown keys.
TableOptions read_table_options(const config::Node& table, std::string_view where = "[tables]");

/// The [tables] of a whole configuration; defaults where it has none.
TableOptions table_options_of(std::string_view toml, std::string_view name);

/// Everything written out; reads back to an equal value.
config::Node node_of(const TableOptions& options);

}  // namespace litebench::analysis
