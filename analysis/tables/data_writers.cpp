// CSV and JSON: for programs.

#include <algorithm>
#include <cmath>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "analysis/tables/writers.hpp"
#include "base/error.hpp"

namespace litebench::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<std::string_view, Format> kFormats[] = {{"terminal", Format::terminal},
                                                            {"markdown", Format::markdown},
                                                            {"latex", Format::latex},
                                                            {"csv", Format::csv},
                                                            {"json", Format::json}};

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

/// Without signs that only people read: of multiplication, of "less than", of plus.
std::string plain(double value, Unit unit) {
  if (unit == Unit::p_value) return fmt::format("{:.6g}", value);
  std::string text = printed(value, unit);
  if (text.ends_with("×")) text.resize(text.size() - std::string_view("×").size());
  if (text.starts_with('+')) text.erase(0, 1);
  return text;
}

/// A number or nothing.
std::string plain(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell.value)) return *text;
  const auto* value = std::get_if<double>(&cell.value);
  return value == nullptr || !std::isfinite(*value) ? "" : plain(*value, cell.unit);
}

bool has_intervals(const Table& table, std::size_t column) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const Row& row) { return row.cells[column].interval.has_value(); });
}

Json json_of(const Origin& origin) {
  Json out{{"metric", origin.metric}, {"variants", origin.variants}, {"splits", origin.splits}};
  if (origin.protocol >= 0) out["protocol"] = origin.protocol;
  if (!origin.slice.empty()) out["slice"] = origin.slice;
  return out;
}

Json json_of(const Cell& cell) {
  Json out{{"tag", cell.tag}, {"unit", name_of(cell.unit)}, {"printed", printed(cell)}};
  if (const auto* text = std::get_if<std::string>(&cell.value)) {
    out["value"] = *text;
  } else if (const auto* value = std::get_if<double>(&cell.value)) {
    out["value"] = *value;
  } else {
    out["value"] = nullptr;
  }
  if (cell.interval) out["interval"] = {cell.interval->low, cell.interval->high};
  if (cell.interval && cell.form != IntervalForm::bounds) out["form"] = name_of(cell.form);
  if (cell.mark != Mark::none) out["mark"] = cell.mark == Mark::best ? "best" : "second";
  if (!cell.origin.metric.empty()) out["origin"] = json_of(cell.origin);
  if (!cell.note.empty()) out["note"] = cell.note;
  return out;
}

}  // namespace

Format format_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& [known, format] : kFormats) {
    if (known == name) return format;
    names.push_back(known);
  }
  throw Error(ExitCode::usage, fmt::format("unknown table format \"{}\"", name),
              "no writer has that name", fmt::format("use one of: {}", fmt::join(names, ", ")));
}

std::string_view file_extension(Format format) {
  switch (format) {
    case Format::markdown: return ".md";
    case Format::latex: return ".tex";
    case Format::csv: return ".csv";
    case Format::json: return ".json";
    default: return ".txt";
  }
}

std::string write(const Table& table, Format format) {
  switch (format) {
    case Format::markdown: return to_markdown(table);
    case Format::latex: return to_latex(table);
    case Format::csv: return to_csv(table);
    case Format::json: return to_json(table);
    default: return to_terminal(table);
  }
}

std::string to_csv(const Table& table) {
  std::string out;
  std::vector<bool> intervals;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    intervals.push_back(has_intervals(table, c));
    out += (c > 0 ? "," : "") + quoted(column.tag);
    if (intervals[c]) out += "," + quoted(column.tag + "_low") + "," + quoted(column.tag + "_high");
  }
  out += "\n";
  for (const Row& row : table.rows) {
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      const Cell& cell = row.cells[c];
      out += (c > 0 ? "," : "") + quoted(plain(cell));
      if (!intervals[c]) continue;
      out += cell.interval ? "," + plain(cell.interval->low, cell.unit) + "," +
                                 plain(cell.interval->high, cell.unit)
                           : ",,";
    }
    out += "\n";
  }
  return out;
}

std::string to_json(const Table& table) {
  Json out;
  out["schema"] = 1;
  out["tag"] = table.tag;
  out["title"] = table.title;
  out["caption"] = table.caption;
  out["verdict"] = table.verdict;
  out["fingerprint"] = table.fingerprint;
  out["notes"] = table.notes;
  out["columns"] = Json::array();
  for (const Column& column : table.columns) {
    out["columns"].push_back(
        {{"tag", column.tag}, {"heading", column.heading}, {"unit", name_of(column.unit)}});
  }
  out["rows"] = Json::array();
  out["rules_above"] = Json::array();
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    Json cells = Json::array();
    for (const Cell& cell : table.rows[r].cells) cells.push_back(json_of(cell));
    out["rows"].push_back(std::move(cells));
    if (table.rows[r].rule_above) out["rules_above"].push_back(r);
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace litebench::analysis
