#include "analysis/tables/table.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace litebench::analysis {
namespace {

/// fmt's numbers ignore the locale unless asked with {:L}.
std::string number(double value, Unit unit) {
  switch (unit) {
    case Unit::percent: return fmt::format("{:.2f}", 100.0 * value);
    case Unit::published: return fmt::format("{:.1f}", 100.0 * value);
    case Unit::points: return fmt::format("{:+.2f}", 100.0 * value);
    case Unit::p_value: return value < 1e-4 ? std::string("<0.0001") : fmt::format("{:.4f}", value);
    case Unit::ratio: return fmt::format("{:.2f}×", value);
    case Unit::count: return fmt::format("{:.0f}", value);
    case Unit::tokens: return fmt::format("{:.{}f}", value, value == std::floor(value) ? 0 : 1);
    case Unit::milliseconds: return fmt::format("{:.2f}", value);
    case Unit::mebibytes: return fmt::format("{:.1f}", value);
    case Unit::teraflops: return fmt::format("{:.3f}", value);
    case Unit::seconds: return fmt::format("{:.1f}", value);
    case Unit::joules: return fmt::format("{:.2f}", value);
    case Unit::text: return fmt::format("{}", value);
  }
  return "";
}

constexpr std::string_view kTimes = "×";

/// Without the sign behind it, which an interval needs once only.
std::string bare(double value, Unit unit) {
  std::string text = number(value, unit);
  if (text.ends_with(kTimes)) text.resize(text.size() - kTimes.size());
  return text;
}

}  // namespace

std::string_view name_of(Unit unit) {
  switch (unit) {
    case Unit::text: return "text";
    case Unit::count: return "count";
    case Unit::tokens: return "tokens";
    case Unit::percent: return "share";
    case Unit::published: return "published share";
    case Unit::points: return "share difference";
    case Unit::p_value: return "p";
    case Unit::ratio: return "ratio";
    case Unit::milliseconds: return "ms";
    case Unit::mebibytes: return "MiB";
    case Unit::teraflops: return "TFLOPs";
    case Unit::seconds: return "s";
    case Unit::joules: return "J";
  }
  return "";
}

std::string_view name_of(IntervalForm form) {
  switch (form) {
    case IntervalForm::half_width: return "half_width";
    case IntervalForm::hidden: return "hidden";
    default: return "bounds";
  }
}

Cell text_cell(std::string tag, std::string text) {
  Cell cell;
  cell.tag = std::move(tag);
  cell.value = std::move(text);
  return cell;
}

Cell number_cell(std::string tag, std::optional<double> value, Unit unit,
                 std::string note_if_empty) {
  Cell cell;
  cell.tag = std::move(tag);
  cell.unit = unit;
  if (value) {
    cell.value = *value;
  } else {
    cell.note = std::move(note_if_empty);
  }
  return cell;
}

std::string printed(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell.value)) return *text;
  const auto* value = std::get_if<double>(&cell.value);
  if (value == nullptr || !std::isfinite(*value)) return "—";
  if (!cell.interval || cell.form == IntervalForm::hidden) return number(*value, cell.unit);
  const auto& [low, high] = *cell.interval;
  const std::string_view sign = cell.unit == Unit::ratio ? kTimes : "";
  if (cell.form == IntervalForm::bounds) {
    return fmt::format("{} [{}, {}]", number(*value, cell.unit), bare(low, cell.unit),
                       bare(high, cell.unit));
  }
  std::string half = bare(0.5 * (high - low), cell.unit);
  if (half.starts_with('+')) half.erase(0, 1);
  return fmt::format("{}±{}{}", bare(*value, cell.unit), half, sign);
}

std::string printed(double value, Unit unit) { return number(value, unit); }

std::vector<std::string> all_notes(const Table& table) {
  std::vector<std::string> notes;
  const auto add = [&](const std::string& note) {
    if (!note.empty() && std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(note);
  };
  for (const Row& row : table.rows) {
    for (const Cell& cell : row.cells) add(cell.note);
  }
  for (const std::string& note : table.notes) add(note);
  return notes;
}

}  // namespace litebench::analysis
