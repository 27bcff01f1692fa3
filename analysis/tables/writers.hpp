#pragma once
// One table as text in five forms. All are UTF-8 and the same bytes in every locale.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/tables/table.hpp"

namespace litebench::analysis {

enum class Format : std::uint8_t { terminal, markdown, latex, csv, json };

/// terminal, markdown, latex, csv, json. Throws Error{usage} with the allowed names.
Format format_named(std::string_view name);
std::string_view file_extension(Format format);  ///< ".md", ".tex", …

std::string write(const Table& table, Format format);

enum class Style : std::uint8_t { plain, colour };
/// Aligned columns; * behind the best and + behind the second of a budget, which colour makes bold and underlined.
std::string to_terminal(const Table& table, Style style = Style::plain);
std::string to_markdown(const Table& table);
/// Needs \usepackage{booktabs,graphicx}; tables longer than a page \usepackage{booktabs,longtable}.
std::string to_latex(const Table& table);
std::string to_csv(
    const Table&
        table);  ///< RFC 4180: header of tags, numbers as printed without signs; ends of intervals in
                 ///< columns `tag_low` and `tag_high`
std::string to_json(const Table& table);  ///< everything, numbers unrounded

}  // namespace litebench::analysis
