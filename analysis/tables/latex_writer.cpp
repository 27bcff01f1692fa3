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

/// What numbers begin with is a minus, no hyphen.
std::string with_minus_signs(std::string_view number) {
  std::string out;
  for (const char c : number) out += c == '-' ? std::string("−") : std::string(1, c);
  return out;
}

/// Half widths are small print.
std::string latex_number(const std::string& text) {
  constexpr std::string_view kPlusMinus = "±";
  const std::size_t at = text.find(kPlusMinus);
  if (at == std::string::npos) return latex(text);
  return fmt::format("{}{{\\tiny$\\pm${}}}", latex(text.substr(0, at)),
                     latex(text.substr(at + kPlusMinus.size())));
}

std::string latex_cell(const Cell& cell) {
  std::string plain = printed(cell);
  if (std::holds_alternative<double>(cell.value)) plain = with_minus_signs(plain);
  std::string text = latex_number(plain);
  if (cell.mark == Mark::best) text = fmt::format("\\textbf{{{}}}", text);
  if (cell.mark == Mark::second) text = fmt::format("\\underline{{{}}}", text);
  return text;
}

/// Broken behind every '/' and at every space, like on the terminal: columns of short numbers stay narrow under long names.
std::string latex_heading(const Column& column) {
  std::string out, part;
  for (const char c : column.heading) {
    if (c != ' ') part += c;
    if (c != ' ' && c != '/') continue;
    out += latex(part) + "\\\\";
    part.clear();
  }
  if (out.empty()) return latex(part);
  return fmt::format("\\shortstack[{}]{{{}{}}}", column.unit == Unit::text ? 'l' : 'r', out,
                     latex(part));
}

std::string line_of(const Table& table, auto text_at) {
  std::string out;
  for (std::size_t c = 0; c < table.columns.size(); ++c) out += (c > 0 ? " & " : "") + text_at(c);
  return out + " \\\\\n";
}

std::string headings_of(const Table& table) {
  return line_of(table, [&](std::size_t c) { return latex_heading(table.columns[c]); });
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
  std::string out = "\\par\\smallskip\\raggedright\\footnotesize\n";
  for (const std::string& note : all_notes(table)) out += fmt::format("{}\\par\n", latex(note));
  return all_notes(table).empty() ? "" : out;
}

std::string columns_of(const Table& table) {
  std::string out;
  for (const Column& column : table.columns) out += column.unit == Unit::text ? 'l' : 'r';
  return out;
}

constexpr const char* kSmall = "\\scriptsize\\setlength{\\tabcolsep}{3pt}";
/// Wide tables shrink to the width of the text, others stay as they are.
constexpr const char* kFit =
    "\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%";

std::string page_of(const Table& table) {
  std::string out = "% needs \\usepackage{booktabs,graphicx}\n\\begin{table*}\n\\centering\n";
  out += fmt::format("{}\n\\label{{tab:{}}}\n{}\n{}\n", caption_of(table), table.tag, kSmall, kFit);
  out += fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n",
                     columns_of(table), headings_of(table), rows_of(table));
  return out + "\\end{tabular}}\n" + notes_of(table) + "\\end{table*}\n";
}

std::string pages_of(const Table& table) {
  const std::string head = fmt::format("\\toprule\n{}\\midrule\n", headings_of(table));
  std::string out =
      fmt::format("% needs \\usepackage{{booktabs,longtable}}\n\\begingroup{}\n", kSmall);
  out += fmt::format("\\begin{{longtable}}{{{}}}\n{}\n\\label{{tab:{}}}\\\\\n", columns_of(table),
                     caption_of(table), table.tag);
  out += fmt::format("{}\\endfirsthead\n{}\\endhead\n\\bottomrule\n\\endfoot\n", head, head);
  return out + rows_of(table) + "\\end{longtable}\n" + notes_of(table) + "\\endgroup\n";
}

}  // namespace

std::string to_latex(const Table& table) {
  const std::string run =
      table.fingerprint.empty() ? "" : fmt::format("% run {}\n", table.fingerprint);
  return run + (table.rows.size() > kPageRows ? pages_of(table) : page_of(table));
}

}  // namespace litebench::analysis
