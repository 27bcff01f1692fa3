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
                           {"…", "\\dots{}"},  {"≥", "$\\geq$"}, {"Σ", "$\\Sigma$"}};

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

}  // namespace

std::string to_latex(const Table& table) {
  std::string out = "% needs \\usepackage{booktabs}\n\\begin{table*}\n\\centering\n";
  out += fmt::format("\\caption{{{}. {} {}}}\n\\label{{tab:{}}}\n", latex(table.title),
                     latex(table.caption), latex(table.verdict), table.tag);
  out += "\\begin{tabular}{";
  for (const Column& column : table.columns) out += column.unit == Unit::text ? 'l' : 'r';
  out += "}\n\\toprule\n";
  const auto line = [&](auto text_at) {
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      out += (c > 0 ? " & " : "") + latex(text_at(c));
    out += " \\\\\n";
  };
  line([&](std::size_t c) { return table.columns[c].heading; });
  out += "\\midrule\n";
  for (const Row& row : table.rows) {
    if (row.rule_above && &row != &table.rows.front()) out += "\\midrule\n";
    line([&](std::size_t c) { return printed(row.cells[c]); });
  }
  out += "\\bottomrule\n\\end{tabular}\n";
  for (const std::string& note : all_notes(table))
    out += fmt::format("\\par\\footnotesize {}\n", latex(note));
  return out + "\\end{table*}\n";
}

}  // namespace litebench::analysis
