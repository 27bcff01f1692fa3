#include "analysis/audit/verify_tables.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/core.h>

#include "analysis/audit/address.hpp"
#include "analysis/audit/read_table.hpp"
#include "analysis/tables/writers.hpp"

namespace litebench::analysis::audit {
namespace {

/// Sums in another order differ in the last bits of a double.
bool equal(std::optional<double> a, std::optional<double> b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || *a == *b || std::abs(*a - *b) <= 1e-9 * std::max(std::abs(*a), std::abs(*b));
}

std::optional<double> number_in(const Cell& cell) {
  const auto* value = std::get_if<double>(&cell.value);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::string shown(const Cell& like, std::optional<double> value) {
  Cell cell;
  cell.unit = like.unit;
  if (value) cell.value = *value;
  return printed(cell);
}

class NumberCheck {
 public:
  NumberCheck(const Dossier& dossier, Verification& found)
      : dossier_(dossier), found_(found), recomputer_(dossier.ledger, dossier.counting) {}

  void check(const Table& table) {
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      for (std::size_t column = 0; column < table.columns.size(); ++column)
        check(table, row, column);
    }
    ++found_.tables;
  }

  void report_unknown() const {
    for (const auto& [what, count] : unknown_)
      found_.notes.push_back(fmt::format("{} numbers are not recomputed: {}", count, what));
  }

 private:
  void check(const Table& table, std::size_t row, std::size_t column) {
    const Cell& cell = table.rows[row].cells[column];
    if (std::holds_alternative<std::string>(cell.value)) return;
    if (is_published_row(table.rows[row])) {
      const std::optional<double> expected = published_value(dossier_, table, row, column);
      if (equal(number_in(cell), expected)) {
        found_.printed_elsewhere += expected ? 1 : 0;
      } else {
        differs(table, row, column, expected, "the published data");
      }
      return;
    }
    if (cell.origin.metric.empty()) {
      if (number_in(cell))
        ++unknown_[fmt::format("{} of table {}: no origin is recorded", table.columns[column].tag,
                               table.tag)];
      return;
    }
    const Evidence evidence = recomputer_.of(claim_of(cell));
    if (!evidence.known) {
      to_be_drawn(evidence.formula, number_in(cell) ? 1 : 0);
    } else if (equal(number_in(cell), evidence.value)) {
      found_.numbers += evidence.value ? 1 : 0;
    } else {
      differs(table, row, column, evidence.value, evidence.formula);
    }
    if (cell.interval) to_be_drawn("ends of intervals", 2);
  }

  /// check_statistics draws them again, where the manifest says how.
  void to_be_drawn(const std::string& what, std::int64_t numbers) {
    if (dossier_.options) {
      found_.drawn += numbers;
    } else {
      unknown_[what] += numbers;
    }
  }

  void differs(const Table& table, std::size_t row, std::size_t column,
               std::optional<double> expected, std::string_view by) {
    const Cell& cell = table.rows[row].cells[column];
    found_.wrong_cells.insert(address_of(table, row, column));
    found_.problems.push_back(fmt::format("tables/{}.json {} says {}, the rows give {} ({})",
                                          table.tag, address_of(table, row, column),
                                          shown(cell, number_in(cell)), shown(cell, expected), by));
  }

  const Dossier& dossier_;
  Verification& found_;
  Recomputer recomputer_;
  std::map<std::string, std::int64_t> unknown_;
};

bool equal(const std::optional<Interval>& a, const std::optional<Interval>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (equal(a->low, b->low) && equal(a->high, b->high));
}

/// Tables made anew from results.h5 against those in the folder: what the second path has no formula for (ends of intervals, p
/// values, marks, labels) is drawn again with the same seed, and no cell may be missing.
class StatisticsCheck {
 public:
  explicit StatisticsCheck(Verification& found) : found_(found) {}

  void check(const Table& table, const std::vector<Table>& again) {
    const auto other = std::ranges::find(again, table.tag, &Table::tag);
    if (other == again.end()) {
      problem(table, "is no table that these rows and options give");
    } else if (other->rows.size() != table.rows.size() ||
               other->columns.size() != table.columns.size()) {
      problem(table,
              fmt::format("has {} rows and {} columns, the rows give {} and {}", table.rows.size(),
                          table.columns.size(), other->rows.size(), other->columns.size()));
    } else {
      for (std::size_t row = 0; row < table.rows.size(); ++row) {
        for (std::size_t column = 0; column < table.columns.size(); ++column)
          check(table, *other, row, column);
      }
    }
  }

  void problem(const Table& table, std::string_view what) {
    found_.problems.push_back(fmt::format("tables/{}.json {}", table.tag, what));
  }

 private:
  void check(const Table& table, const Table& other, std::size_t row, std::size_t column) {
    const Cell& cell = table.rows[row].cells[column];
    const Cell& again = other.rows[row].cells[column];
    const bool same_value =
        cell.value.index() == again.value.index() && equal(number_in(cell), number_in(again)) &&
        (!std::holds_alternative<std::string>(cell.value) || cell.value == again.value);
    if (same_value && equal(cell.interval, again.interval) && cell.mark == again.mark &&
        cell.tag == again.tag) {
      return;
    }
    if (found_.wrong_cells.contains(address_of(table, row, column))) return;
    problem(table, fmt::format("{} says {}{}, drawn again from the rows it is {}{}",
                               address_of(table, row, column), printed(cell), mark_of(cell),
                               printed(again), mark_of(again)));
  }

  static std::string mark_of(const Cell& cell) {
    return cell.mark == Mark::best ? " (best)" : cell.mark == Mark::second ? " (second)" : "";
  }

  Verification& found_;
};

/// The first line in which two texts differ: its number, what is there and what should be.
std::string first_difference(const std::string& text, const std::string& expected) {
  std::size_t line = 1, begin = 0, other = 0;
  while (true) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t other_end = std::min(expected.find('\n', other), expected.size());
    const std::string mine = text.substr(begin, end - begin);
    const std::string theirs = expected.substr(other, other_end - other);
    if (mine != theirs || end == text.size() || other_end == expected.size())
      return fmt::format("line {} is \"{}\", it should be \"{}\"", line, mine, theirs);
    begin = end + 1;
    other = other_end + 1;
    ++line;
  }
}

void check_file(const Dossier& dossier, const std::string& name, Verification& found) {
  const std::filesystem::path path = dossier.folder / "tables" / name;
  const std::string stem = path.stem().string();
  const auto table = std::ranges::find(dossier.tables, stem, &Table::tag);
  if (!std::filesystem::exists(path)) {
    found.problems.push_back(fmt::format("tables/{} is missing", name));
    return;
  }
  if (table == dossier.tables.end()) {
    found.problems.push_back(
        fmt::format("tables/{} has no JSON beside it to be held against", name));
    return;
  }
  const std::string text = read_text(path);
  for (const Format format : {Format::markdown, Format::latex, Format::csv, Format::json}) {
    if (path.extension() != file_extension(format)) continue;
    const std::string expected = write(*table, format);
    if (text != expected) {
      found.problems.push_back(fmt::format("tables/{} is not what its JSON says: {}", name,
                                           first_difference(text, expected)));
    }
  }
  ++found.files;
}

}  // namespace

void check_numbers(const Dossier& dossier, Verification& found) {
  NumberCheck check(dossier, found);
  for (const Table& table : dossier.tables) {
    if (table.fingerprint != dossier.stamp.fingerprint &&
        table.fingerprint != dossier.stamp.answers) {
      found.problems.push_back(fmt::format("tables/{}.json was made from run {}, results.h5 is {}",
                                           table.tag, table.fingerprint,
                                           dossier.stamp.fingerprint));
    }
    check.check(table);
  }
  check.report_unknown();
}

void check_statistics(const Dossier& dossier, Verification& found) {
  if (!dossier.options) return;
  const std::vector<Table>& again = dossier.made_again();
  StatisticsCheck check(found);
  for (const Table& table : dossier.tables) check.check(table, again);
  for (const Table& table : again) {
    if (std::ranges::find(dossier.tables, table.tag, &Table::tag) == dossier.tables.end())
      check.problem(table, "is missing");
  }
}

void check_files(const Dossier& dossier, Verification& found) {
  if (dossier.manifest.fingerprint != dossier.stamp.fingerprint) {
    found.problems.push_back(
        fmt::format("tables/manifest.json was made from run {}, results.h5 is {}",
                    dossier.manifest.fingerprint, dossier.stamp.fingerprint));
  }
  for (const auto& [name, hash] : dossier.manifest.files) check_file(dossier, name, found);
}

}  // namespace litebench::analysis::audit
