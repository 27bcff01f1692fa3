#pragma once
// tables/*.json back into tables, for audits and reports.

#include <filesystem>
#include <string_view>
#include <vector>

#include "analysis/tables/table.hpp"

namespace litebench::analysis::audit {

/// `name` stands in messages. Throws Error{data} for what to_json() cannot have written.
Table read_table(std::string_view json, std::string_view name);

/// All tables of a folder, main first, then by name. Throws Error{io} when the folder holds none.
std::vector<Table> read_tables(const std::filesystem::path& folder);

std::string read_text(const std::filesystem::path& file);  ///< throws Error{io}

}  // namespace litebench::analysis::audit
