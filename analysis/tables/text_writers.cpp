// Terminal and Markdown: plain text with aligned columns.

#include <algorithm>

#include <fmt/core.h>

#include "analysis/tables/writers.hpp"

namespace litebench::analysis {
namespace {

/// Columns of a terminal: code points, which is right for the signs these tables use.
std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t width, Unit unit) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return unit == Unit::text ? text + space : space + text;
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// A heading in the lines it is printed on: broken behind every '/' and at every space, so that columns of short numbers stay
/// narrow under long names.
std::vector<std::string> heading_lines(const std::string& heading) {
  std::vector<std::string> lines(1);
  for (const char c : heading) {
    if (c != ' ') lines.back() += c;
    if (c == ' ' || c == '/') lines.emplace_back();
  }
  return lines;
}

std::size_t heading_width(const std::string& heading) {
  std::size_t width = 0;
  for (const std::string& line : heading_lines(heading))
    width = std::max(width, display_width(line));
  return width;
}

/// Greedy line breaks at spaces. A word that is longer than a line keeps a line of its own.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const bool fits = used == 0 || used + 1 + display_width(word) <= width;
    if (used > 0) out += fits ? ' ' : '\n';
    used = (fits && used > 0 ? used + 1 : 0) + display_width(word);
    out += word;
    begin = end + 1;
  }
  return out;
}

/// How a column lies on the terminal.
struct Layout {
  std::size_t width = 0;
  bool marks = false;  ///< one place more for * and +
};

std::string_view sign_of(Mark mark) {
  switch (mark) {
    case Mark::best: return "*";
    case Mark::second: return "+";
    default: return " ";
  }
}

std::vector<Layout> layout_of(const Table& table) {
  std::vector<Layout> layout;
  for (const Column& column : table.columns)
    layout.push_back({heading_width(column.heading), false});
  for (const Row& row : table.rows) {
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      layout[c].width = std::max(layout[c].width, display_width(printed(row.cells[c])));
      layout[c].marks = layout[c].marks || row.cells[c].mark != Mark::none;
    }
  }
  return layout;
}

/// `text_at(c)` is what stands in column c, `mark_at(c)` the mark behind it.
std::string line_of(const Table& table, const std::vector<Layout>& layout, Style style,
                    auto text_at, auto mark_at) {
  std::string line;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (c > 0) line += "  ";
    const Mark mark = mark_at(c);
    std::string text = padded(text_at(c), layout[c].width, table.columns[c].unit);
    if (style == Style::colour && mark != Mark::none) {
      text = fmt::format("\x1b[{}m{}\x1b[0m", mark == Mark::best ? "1;32" : "4", text);
    }
    line += text;
    if (layout[c].marks) line += sign_of(mark);
  }
  return without_trailing_spaces(line) + "\n";
}

/// Headings stand on the rule: shorter ones begin further down.
std::string headings_of(const Table& table, const std::vector<Layout>& layout) {
  std::size_t height = 1;
  for (const Column& column : table.columns) {
    height = std::max(height, heading_lines(column.heading).size());
  }
  std::string out;
  for (std::size_t line = 0; line < height; ++line) {
    const auto text_at = [&](std::size_t c) {
      const std::vector<std::string> lines = heading_lines(table.columns[c].heading);
      const std::size_t skipped = height - lines.size();
      return line < skipped ? std::string() : lines[line - skipped];
    };
    out += line_of(table, layout, Style::plain, text_at, [](std::size_t) { return Mark::none; });
  }
  return out;
}

/// A cell must not end its column or start markup.
std::string markdown_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<' || c == '`' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

/// Bold is the best, italic the second.
std::string markdown_cell(const Cell& cell) {
  const std::string text = markdown_text(printed(cell));
  const char* sign = cell.mark == Mark::best ? "**" : cell.mark == Mark::second ? "*" : "";
  return sign + text + sign;
}

}  // namespace

std::string to_terminal(const Table& table, Style style) {
  const std::vector<Layout> layout = layout_of(table);
  std::size_t total = layout.empty() ? 0 : 2 * (layout.size() - 1);
  for (const Layout& column : layout) total += column.width + (column.marks ? 1 : 0);
  const std::string rule = std::string(total, '-') + "\n";
  constexpr std::size_t kTextWidth = 100;
  std::string out =
      fmt::format("{}\n{}\n{}\n\n", table.title, table.verdict, wrapped(table.caption, kTextWidth));
  out += headings_of(table, layout);
  out += rule;
  for (const Row& row : table.rows) {
    if (row.rule_above && &row != &table.rows.front()) out += rule;
    out += line_of(
        table, layout, style, [&](std::size_t c) { return printed(row.cells[c]); },
        [&](std::size_t c) { return row.cells[c].mark; });
  }
  for (const std::string& note : all_notes(table)) out += fmt::format("  {}\n", note);
  return out;
}

std::string to_markdown(const Table& table) {
  std::string out = fmt::format("### {}\n\n**{}**\n\n{}\n\n|", markdown_text(table.title),
                                markdown_text(table.verdict), markdown_text(table.caption));
  for (const Column& column : table.columns)
    out += fmt::format(" {} |", markdown_text(column.heading));
  out += "\n|";
  for (const Column& column : table.columns) out += column.unit == Unit::text ? ":---|" : "---:|";
  out += "\n";
  for (const Row& row : table.rows) {
    out += "|";
    for (const Cell& cell : row.cells) out += fmt::format(" {} |", markdown_cell(cell));
    out += "\n";
  }
  const std::vector<std::string> notes = all_notes(table);
  if (!notes.empty()) out += "\n";
  for (const std::string& note : notes) out += fmt::format("- {}\n", markdown_text(note));
  if (!table.fingerprint.empty()) out += fmt::format("\nRun `{}`\n", table.fingerprint);
  return out;
}

}  // namespace litebench::analysis
