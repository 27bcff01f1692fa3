#include "analysis/audit/address.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace litebench::analysis::audit {
namespace {

[[noreturn]] void unknown(std::string_view what, std::string_view name, std::string_view address,
                          std::vector<std::string> known) {
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const std::string near = nearest(name, known);
  throw Error(
      ExitCode::usage, fmt::format("no cell {}", address),
      fmt::format("there is no {} \"{}\"; there are {}", what, name, fmt::join(known, ", ")),
      near.empty() ? "name one of these" : fmt::format("did you mean {}?", near));
}

}  // namespace

std::string row_key(const Row& row) {
  if (row.cells.empty()) return "";
  std::string_view common = row.cells.front().tag;
  for (const Cell& cell : row.cells) {
    const auto end = std::mismatch(common.begin(), common.end(), cell.tag.begin(), cell.tag.end());
    common = common.substr(0, static_cast<std::size_t>(end.first - common.begin()));
  }
  if (row.cells.size() == 1 || common.empty()) return std::string(row.cells.front().tag);
  return std::string(common.substr(0, common.rfind('/')));
}

std::string address_of(const Table& table, std::size_t row, std::size_t column) {
  return fmt::format("{}:{}:{}", table.tag, table.columns[column].tag, row_key(table.rows[row]));
}

std::vector<std::string> all_addresses(const std::vector<Table>& tables) {
  std::vector<std::string> all;
  for (const Table& table : tables) {
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      for (std::size_t column = 0; column < table.columns.size(); ++column)
        all.push_back(address_of(table, row, column));
    }
  }
  return all;
}

Place find_cell(const std::vector<Table>& tables, std::string_view address) {
  const std::size_t colon = address.find(':');
  const std::string_view name = address.substr(0, colon);
  const auto found = std::ranges::find(tables, name, &Table::tag);
  std::vector<std::string> known;
  if (found == tables.end()) {
    for (const Table& table : tables) known.push_back(table.tag);
    unknown("table", name, address, known);
  }
  const std::string_view rest = colon == std::string_view::npos ? "" : address.substr(colon + 1);
  const std::size_t second = rest.find(':');
  const std::string_view column = rest.substr(0, second);
  const std::string_view key = second == std::string_view::npos ? "" : rest.substr(second + 1);
  const auto table = static_cast<std::size_t>(found - tables.begin());
  bool has_column = false;
  for (std::size_t r = 0; r < found->rows.size(); ++r) {
    const std::string own = row_key(found->rows[r]);
    for (std::size_t c = 0; c < found->columns.size(); ++c) {
      has_column = has_column || found->columns[c].tag == column;
      if ((found->columns[c].tag == column && own == key) || found->rows[r].cells[c].tag == rest)
        return {table, r, c};
    }
    known.push_back(own);
  }
  if (has_column) unknown("row", key, address, known);
  known.clear();
  for (const Column& c : found->columns) known.push_back(c.tag);
  unknown("column", column, address, known);
}

}  // namespace litebench::analysis::audit
