#include "analysis/audit/explain.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/audit/address.hpp"

namespace litebench::analysis::audit {
namespace {

/// "12–15, 40": consecutive numbers as ranges, the first few of them.
std::string ranges(const std::vector<std::size_t>& rows) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    if (parts.size() == kMost) {
      parts.emplace_back("…");
      break;
    }
    parts.push_back(end - i == 1 ? fmt::format("{}", rows[i])
                                 : fmt::format("{}–{}", rows[i], rows[end - 1]));
    i = end;
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string expression_line(const Run& run, std::size_t row) {
  const results::Expression& e = run.expressions[row];
  return fmt::format("    {:>8}  {:<16} image {:<8} sent {:<8} {} seed {}  I = {}, U = {}", row,
                     run.splits[static_cast<std::size_t>(e.split)], e.image_id, e.sent_id,
                     run.variants[static_cast<std::size_t>(e.variant)].id, e.seed, e.intersection,
                     e.union_);
}

std::string bundle_line(const Run& run, std::size_t row) {
  const results::Bundle& b = run.bundles[row];
  return fmt::format("    {:>8}  {:<16} image {:<8} {} bundle {:016x}: {:.3f} s", row,
                     run.splits[static_cast<std::size_t>(b.split)], b.image_id,
                     store::name_of(b.pass), std::uint64_t{b.bundle_id},
                     static_cast<double>(b.duration_ns) / 1e9);
}

std::string unit_line(const Run& run, const results::Unit& u, std::size_t row) {
  return fmt::format("    {:>8}  {:<16} image {:<8} {} {} repeat {}  total {:.3f} ms, kept {}", row,
                     run.splits[static_cast<std::size_t>(u.split)], u.image_id,
                     run.variants[static_cast<std::size_t>(u.variant)].id, store::name_of(u.pass),
                     u.repeat, static_cast<double>(u.total_ns) / 1e6, u.kept);
}

class Explanation {
 public:
  Explanation(const Dossier& dossier, const Place& place, const ExplainOptions& options)
      : dossier_(dossier),
        table_(dossier.tables[place.table]),
        place_(place),
        cell_(table_.rows[place.row].cells[place.column]),
        options_(options) {}

  std::string text() {
    line("{} = {}", address_of(table_, place_.row, place_.column), printed(cell_));
    line("  {}, column {} of \"{}\"", table_.tag, table_.columns[place_.column].heading,
         table_.title);
    if (!cell_.note.empty()) line("  Note: {}", cell_.note);
    if (is_published_row(table_.rows[place_.row])) {
      by_others();
    } else if (cell_.origin.metric.empty()) {
      line("  A label: no number was computed for it.");
    } else {
      computed();
    }
    line("From: {} rows of run {} ({})",
         dossier_.run.expressions.size() + dossier_.run.units.size(), dossier_.stamp.fingerprint,
         dossier_.stamp.verdict);
    return std::move(out_);
  }

 private:
  template <typename... Values>
  void line(fmt::format_string<Values...> form, Values&&... values) {
    out_ += fmt::format(form, std::forward<Values>(values)...) + "\n";
  }

  void computed() {
    Recomputer recomputer(dossier_.ledger, dossier_.counting);
    const Evidence evidence = recomputer.of(claim_of(cell_));
    line("  Formula: {}", evidence.formula);
    for (const std::string& step : evidence.steps) line("  {}", step);
    if (evidence.known) {
      Cell again;
      again.unit = cell_.unit;
      if (evidence.value) {
        again.value = *evidence.value;
      } else {
        again.value = std::monostate{};
      }
      line("  Recomputed from the rows: {}", printed(again));
    } else if (const Cell* again = drawn_again()) {
      line("  Drawn again from the rows, seed {}: {}", dossier_.options->seed, printed(*again));
    }
    if (cell_.interval) {
      line("  Interval: {} to {} ({} of {} bootstrap draws over images, level {})",
           printed(cell_.interval->low, cell_.unit), printed(cell_.interval->high, cell_.unit),
           dossier_.manifest.option("interval"), dossier_.manifest.option("draws"),
           dossier_.manifest.option("level"));
    }
    show_rows(evidence);
    if (evidence.left_out.empty()) {
      line("  Left out: nothing");
    } else {
      line("  Left out of all variants: {}", fmt::join(evidence.left_out, "; "));
    }
    compare_with_published();
  }

  /// The same cell of the tables made anew.
  [[nodiscard]] const Cell* drawn_again() const {
    if (!dossier_.options) return nullptr;
    for (const Table& table : dossier_.made_again()) {
      if (table.tag != table_.tag || place_.row >= table.rows.size()) continue;
      const std::vector<Cell>& cells = table.rows[place_.row].cells;
      if (place_.column < cells.size() && cells[place_.column].tag == cell_.tag)
        return &cells[place_.column];
    }
    return nullptr;
  }

  void show_rows(const Evidence& evidence) {
    if (evidence.rows.empty()) return;
    line("  Rows: {} of /{} in results.h5: {}", evidence.rows.size(), evidence.table,
         ranges(evidence.rows));
    const std::size_t shown = std::min(options_.shown_rows, evidence.rows.size());
    for (std::size_t i = 0; i < shown; ++i) {
      line("{}",
           evidence.table == "units"
               ? unit_line(dossier_.run, dossier_.run.units[evidence.rows[i]], evidence.rows[i])
           : evidence.table == "cold_starts"
               ? unit_line(dossier_.run, dossier_.run.cold_starts[evidence.rows[i]],
                           evidence.rows[i])
           : evidence.table == "bundles" ? bundle_line(dossier_.run, evidence.rows[i])
                                         : expression_line(dossier_.run, evidence.rows[i]));
    }
    if (shown < evidence.rows.size())
      line("    … and {} more (--rows N shows more)", evidence.rows.size() - shown);
  }

  void source() {
    const Published& published = *dossier_.published;
    line("  Source: {} ({}), {}", published.title, published.status, published.source);
    line("  {}.", published.note);
  }

  void by_others() {
    if (cell_.origin.metric.empty() && std::holds_alternative<std::monostate>(cell_.value)) {
      line("  The source prints no such number.");
    } else {
      line("  Printed by others, not computed here.");
    }
    if (dossier_.published) source();
  }

  /// The row of the same variant in the published table, where there is one.
  void compare_with_published() {
    if (!dossier_.published || table_.tag != "main") return;
    const std::string key = row_key(table_.rows[place_.row]) + "/published";
    for (std::size_t row = 0; row < table_.rows.size(); ++row) {
      if (row_key(table_.rows[row]) != key) continue;
      const std::optional<double> value = published_value(dossier_, table_, row, place_.column);
      const auto* own = std::get_if<double>(&cell_.value);
      if (!value || own == nullptr) return;
      line("  Published: {:.1f}; measured − published = {:+.2f} points", 100 * *value,
           100 * (*own - *value));
      source();
      line(
          "  It may differ because the reference draws sentences, templates and answers per image "
          "without a fixed seed (its own reruns differ by half a point and more), because other "
          "weights, kernels or dtypes move masks near the threshold, and because a small data set "
          "or checkpoint is another experiment altogether.");
      return;
    }
  }

  const Dossier& dossier_;
  const Table& table_;
  Place place_;
  const Cell& cell_;
  ExplainOptions options_;
  std::string out_;
};

}  // namespace

std::string explain(const Dossier& dossier, std::string_view address,
                    const ExplainOptions& options) {
  return Explanation(dossier, find_cell(dossier.tables, address), options).text();
}

}  // namespace litebench::analysis::audit
