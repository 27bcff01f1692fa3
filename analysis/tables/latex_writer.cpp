#include <fmt/core.h>

#include "analysis/tables/writers.hpp"

namespace litebench::analysis {
namespace {

std::string_view escape(char c) {
  switch (c) {
    case '\\': return "\\textbackslash{}";
    case '~': return "\\textasciitilde{}";
    case '^': return "\\textasciicircum{}";
    case '<': return "\\textless{}";
    case '>': return "\\textgreater{}";
    case '|': return "\\textbar{}";
    case '&': return "\\&";
    case '%': return "\\%";
    case '$': return "\\$";
    case '#': return "\\#";
    case '_': return "\\_";
    case '{': return "\\{";
    case '}': return "\\}";
    case '\n': return " ";
    default: return {};
  }
}

/// The signs our own texts use; every other letter is left to inputenc.
struct Sign {
  std::string_view utf8, latex;
};
constexpr Sign kSigns[] = {{"×", "$\\times$"}, {"—", "---"},     {"–", "--"},
                           {"…", "\\dots{}"},  {"≥", "$\\geq$"}, {"Σ", "$\\Sigma$"},
                           {"±", "$\\pm$"},    {"−", "$-$"},     {"≤", "$\\leq$"},
                           {"Δ", "$\\Delta$"}, {"²", "$^2$"}};

std::string latex(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t used = 0;
    for (const Sign& sign : kSigns) {
      if (!text.starts_with(sign.utf8)) continue;
      out += sign.latex;
      used = sign.utf8.size();
      break;
    }
    if (used == 0) {
      const std::string_view replacement = escape(text.front());
      out += replacement.empty() ? text.substr(0, 1) : replacement;
      used = 1;
    }
    text.remove_prefix(used);
  }
  return out;
}

/// What does not fit on a page is broken over pages.
constexpr std::size_t kPageRows = 45;

std::string latex_cell(const Cell& cell) {
  std::string text = latex(printed(cell));
  if (cell.mark == Mark::best) text = fmt::format("\\textbf{{{}}}", text);
  if (cell.mark == Mark::second) text = fmt::format("\\underline{{{}}}", text);
  return text;
}

std::string line_of(const Table& table, auto text_at) {
  std::string out;
  for (std::size_t c = 0; c < table.columns.size(); ++c) out += (c > 0 ? " & " : "") + text_at(c);
  return out + " \\\\\n";
}

std::string headings_of(const Table& table) {
  return line_of(table, [&](std::size_t c) { return latex(table.columns[c].heading); });
}

std::string rows_of(const Table& table) {
  std::string out;
  for (const Row& row : table.rows) {
    if (row.rule_above && &row != &table.rows.front()) out += "\\midrule\n";
    out += line_of(table, [&](std::size_t c) { return latex_cell(row.cells[c]); });
  }
  return out;
}

std::string caption_of(const Table& table) {
  return fmt::format("\\caption{{{}. {} {}}}", latex(table.title), latex(table.caption),
                     latex(table.verdict));
}

std::string notes_of(const Table& table) {
  std::string out;
  for (const std::string& note : all_notes(table))
    out += fmt::format("\\par\\footnotesize {}\n", latex(note));
  return out;
}

std::string columns_of(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) out += column.unit == Unit::text ? 'l' : 'r';
  return out;
}

constexpr const char* kSmall = "\\scriptsize\\setlength{\\tabcolsep}{3pt}\n";

}  // namespace

std::string to_latex(const Table& table) {
  if (table.rows.size() > kPageRows) {
    return fmt::format(
        "% needs \\usepackage{{booktabs,longtable}}\n\\begingroup{}\\begin{{longtable}}{{{}}}\n{}\n"
        "\\label{{tab:{}}}\\\\\n\\toprule\n{}\\midrule\n\\endfirsthead\n\\toprule\n{}"
        "\\midrule\n\\endhead\n"
        "\\bottomrule\n\\endfoot\n{}\\end{{longtable}}\n{}\\endgroup\n",
        kSmall, columns_of(table), caption_of(table), table.tag, headings_of(table),
        headings_of(table), rows_of(table), notes_of(table));
  }
  return fmt::format(
      "% needs \\usepackage{{booktabs}}\n\\begin{{table*}}\n\\centering\n{}\n\\label{{tab:{}}}\n{}"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n{}\\end{"
      "{table*}}\n",
      caption_of(table), table.tag, kSmall, columns_of(table), headings_of(table), rows_of(table),
      notes_of(table));
}

}  // namespace litebench::analysis
