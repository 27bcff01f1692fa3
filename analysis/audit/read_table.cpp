#include "analysis/audit/read_table.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::analysis::audit {
namespace {

std::string text_or(const json::Value& object, std::string_view key) {
  const std::optional<json::Value> value = object.find(key);
  return value ? std::string(value->as_string()) : std::string();
}

std::vector<std::string> texts(const json::Value& array) {
  std::vector<std::string> out;
  array.each([&](const json::Value& value) { out.emplace_back(value.as_string()); });
  return out;
}

Unit unit_named(std::string_view name, std::string_view table) {
  for (int unit = 0; unit <= static_cast<int>(kLastUnit); ++unit) {
    if (name_of(static_cast<Unit>(unit)) == name) return static_cast<Unit>(unit);
  }
  throw Error(ExitCode::data, fmt::format("cannot read table {}", table),
              fmt::format("it has a unit \"{}\" that this version does not know", name),
              "make the tables again: litebench-reduce RUN");
}

Origin origin_of(const json::Value& value) {
  Origin origin;
  origin.metric = value.at("metric").as_string();
  origin.variants = texts(value.at("variants"));
  origin.splits = texts(value.at("splits"));
  if (const auto protocol = value.find("protocol"))
    origin.protocol = static_cast<std::int16_t>(protocol->as_int());
  origin.slice = text_or(value, "slice");
  return origin;
}

Cell cell_of(const json::Value& value, std::string_view table) {
  Cell cell;
  cell.tag = value.at("tag").as_string();
  cell.unit = unit_named(value.at("unit").as_string(), table);
  const json::Value content = value.at("value");
  if (content.is_string()) cell.value = std::string(content.as_string());
  if (content.is_number()) cell.value = content.as_double();
  if (const auto interval = value.find("interval")) {
    std::vector<double> ends;
    interval->each([&](const json::Value& end) { ends.push_back(end.as_double()); });
    if (ends.size() == 2) cell.interval = Interval{ends[0], ends[1]};
  }
  const std::string form = text_or(value, "form");
  for (const IntervalForm known : {IntervalForm::half_width, IntervalForm::hidden}) {
    if (form == name_of(known)) cell.form = known;
  }
  const std::string mark = text_or(value, "mark");
  cell.mark = mark == "best" ? Mark::best : mark == "second" ? Mark::second : Mark::none;
  cell.note = text_or(value, "note");
  if (const auto origin = value.find("origin")) cell.origin = origin_of(*origin);
  return cell;
}

}  // namespace

Table read_table(std::string_view json, std::string_view name) {
  const json::Document document = json::Document::parse(json, name);
  const json::Value root = document.root();
  Table table;
  table.tag = root.at("tag").as_string();
  table.title = root.at("title").as_string();
  table.caption = root.at("caption").as_string();
  table.verdict = root.at("verdict").as_string();
  table.fingerprint = root.at("fingerprint").as_string();
  table.notes = texts(root.at("notes"));
  root.at("columns").each([&](const json::Value& value) {
    table.columns.push_back({std::string(value.at("tag").as_string()),
                             std::string(value.at("heading").as_string()),
                             unit_named(value.at("unit").as_string(), name)});
  });
  root.at("rows").each([&](const json::Value& value) {
    Row row;
    value.each([&](const json::Value& cell) { row.cells.push_back(cell_of(cell, name)); });
    if (row.cells.size() != table.columns.size()) {
      throw Error(ExitCode::data, fmt::format("cannot read table {}", name),
                  fmt::format("row {} has {} cells for {} columns", table.rows.size(),
                              row.cells.size(), table.columns.size()),
                  "make the tables again: litebench-reduce RUN");
    }
    table.rows.push_back(std::move(row));
  });
  root.at("rules_above").each([&](const json::Value& value) {
    const std::int64_t row = value.as_int();
    if (row >= 0 && row < std::ssize(table.rows))
      table.rows[static_cast<std::size_t>(row)].rule_above = true;
  });
  return table;
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.is_open() && !stream.bad()) return text;
  throw Error(ExitCode::io, fmt::format("cannot read {}", file.string()),
              "it is missing or not readable", "make it again: litebench-reduce RUN");
}

std::vector<Table> read_tables(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json" && entry.path().stem() != "manifest")
      files.push_back(entry.path());
  }
  if (files.empty()) {
    throw Error(ExitCode::io, fmt::format("{} holds no tables", folder.string()),
                error ? error.message() : "there is no JSON file in it",
                "make them: litebench-reduce RUN");
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::pair(a.stem() != "main", a.stem()) < std::pair(b.stem() != "main", b.stem());
  });
  std::vector<Table> tables;
  for (const auto& file : files)
    tables.push_back(read_table(read_text(file), file.filename().string()));
  return tables;
}

}  // namespace litebench::analysis::audit
