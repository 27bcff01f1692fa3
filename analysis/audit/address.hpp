#pragma once
// Where a number stands: TABLE:COLUMN:ROW, e.g. main:refcoco/val:litelvlm@192. COLUMN is the column's tag (the header of
// the CSV file), ROW what the tags of the row's cells begin with. The tag of a cell itself, TABLE:TAG, is understood too.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/tables/table.hpp"

namespace litebench::analysis::audit {

struct Place {
  std::size_t table = 0, row = 0, column = 0;
};

std::string row_key(const Row& row);
std::string address_of(const Table& table, std::size_t row, std::size_t column);

std::vector<std::string> all_addresses(const std::vector<Table>& tables);

/// Throws Error{usage} naming the nearest table, row or column.
Place find_cell(const std::vector<Table>& tables, std::string_view address);

}  // namespace litebench::analysis::audit
