#pragma once
// The one table model: a cell is tag + value + unit (+ interval, mark, note) and says which rows it
// was computed from. Writers know units, never what a number means.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analysis/statistics/interval.hpp"

namespace litebench::analysis {

/// How a number is printed.
enum class Unit : std::uint8_t {
  text,
  count,         ///< whole number
  tokens,        ///< one decimal unless whole
  percent,       ///< a share 0…1 as 0.00…100.00
  published,     ///< a share as papers print it: percent with one decimal
  points,        ///< a difference of shares as signed percentage points, +1.23
  p_value,       ///< 0.0123, or <0.0001
  ratio,         ///< 1.23×
  milliseconds,  ///< two decimals
  mebibytes,     ///< one decimal
  teraflops,     ///< three decimals
  seconds,       ///< one decimal
  joules,        ///< two decimals
};
inline constexpr Unit kLastUnit = Unit::joules;
std::string_view name_of(Unit unit);  ///< each has its own

/// Says which rows a number was computed from and how, so that an audit can find and repeat it.
struct Origin {
  std::string metric;  ///< name in metrics/catalogue.hpp; "": a label, or printed by others
  std::vector<std::string> variants;  ///< ids: the number's own, then what it is compared with
  std::vector<std::string> splits;    ///< in the order of the average
  std::int16_t protocol = -1;         ///< row of /protocols; −1: all
  std::string slice;                  ///< "size=small"; "": every expression
};

/// Where a number stands among those it competes with; set only where the difference is significant.
enum class Mark : std::uint8_t { none, best, second };

/// How people see an interval; CSV and JSON always have both ends.
enum class IntervalForm : std::uint8_t {
  bounds,      ///< 74.35 [73.90, 74.81]
  half_width,  ///< 74.35±0.46
  hidden,
};
std::string_view name_of(IntervalForm form);  ///< as in the JSON files

struct Cell {
  std::string tag;  ///< address, e.g. litelvlm@192/refcoco/val/ciou
  std::variant<std::monostate, std::string, double>
      value;  ///< nothing: an empty cell, printed as —
  Unit unit = Unit::text;
  std::optional<Interval> interval;
  std::string note;  ///< why it is empty, what it averages
  Origin origin;
  Mark mark = Mark::none;
  IntervalForm form = IntervalForm::bounds;
};

struct Column {
  std::string tag, heading;
  Unit unit = Unit::text;  ///< text columns are aligned left
};

struct Row {
  std::vector<Cell> cells;  ///< as many as columns
  bool rule_above = false;
};

struct Table {
  std::string tag, title, caption, verdict;
  std::string fingerprint;  ///< of the rows it was made from (rows/fingerprint.hpp); "": not known
  std::vector<std::string> notes;
  std::vector<Column> columns;
  std::vector<Row> rows;
};

Cell text_cell(std::string tag, std::string text);
/// Empty with that note when there is no value.
Cell number_cell(std::string tag, std::optional<double> value, Unit unit,
                 std::string note_if_empty);

/// The printed form, equal in every locale: "74.35", "1.28×", "—"; with an interval "74.35 [73.90,
/// 74.81]" or "74.35±0.46", "1.28× [1.26, 1.30]" or "1.28±0.02×".
std::string printed(const Cell& cell);
/// A number of that unit without interval.
std::string printed(double value, Unit unit);

/// Notes of the cells, each once, in the order of appearance, then those of the table.
std::vector<std::string> all_notes(const Table& table);

}  // namespace litebench::analysis
