#include "analysis/tables/writers.hpp"

#include <clocale>
#include <limits>
#include <locale>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::analysis {
namespace {

/// Every unit, an empty cell with its reason, an interval, and text that each format must quote.
Table sample_table() {
  Table table;
  table.tag = "sample";
  table.title = "A & B";
  table.verdict = "VALID: 1,234 units";
  table.caption = "50 % of a_b.";
  table.notes = {"second note"};
  table.columns = {{"method", "Method", Unit::text},
                   {"ciou", "cIoU", Unit::percent},
                   {"speed_up", "Speed-up", Unit::ratio},
                   {"tokens", "Tokens", Unit::tokens}};
  Cell ciou = number_cell("x/ciou", 0.74354, Unit::percent, "");
  ciou.interval = Interval{0.739, 0.74806};
  table.rows.push_back({{text_cell("x/method", "x|\"y\", z"), ciou,
                         number_cell("x/speed_up", 1234.567, Unit::ratio, ""),
                         number_cell("x/tokens", 192, Unit::tokens, "")},
                        true});
  table.rows.push_back(
      {{text_cell("w/method", "w"), number_cell("w/ciou", 0.795, Unit::published, ""),
        number_cell("w/speed_up", std::nullopt, Unit::ratio, "first note"),
        number_cell("w/tokens", 96.25, Unit::tokens, "")},
       true});
  return table;
}

constexpr const char* kTerminal =
    "A & B\n"
    "VALID: 1,234 units\n"
    "50 % of a_b.\n"
    "\n"
    "Method                    cIoU  Speed-up  Tokens\n"
    "------------------------------------------------\n"
    "x|\"y\", z  74.35 [73.90, 74.81]  1234.57×     192\n"
    "------------------------------------------------\n"
    "w                         79.5         —    96.2\n"
    "  first note\n"
    "  second note\n";

constexpr const char* kMarkdown =
    "### A & B\n"
    "\n"
    "**VALID: 1,234 units**\n"
    "\n"
    "50 % of a\\_b.\n"
    "\n"
    "| Method | cIoU | Speed-up | Tokens |\n"
    "|:---|---:|---:|---:|\n"
    "| x\\|\"y\", z | 74.35 [73.90, 74.81] | 1234.57× | 192 |\n"
    "| w | 79.5 | — | 96.2 |\n"
    "\n"
    "- first note\n"
    "- second note\n";

constexpr const char* kLatex =
    "% needs \\usepackage{booktabs}\n"
    "\\begin{table*}\n"
    "\\centering\n"
    "\\caption{A \\& B. 50 \\% of a\\_b. VALID: 1,234 units}\n"
    "\\label{tab:sample}\n"
    "\\begin{tabular}{lrrr}\n"
    "\\toprule\n"
    "Method & cIoU & Speed-up & Tokens \\\\\n"
    "\\midrule\n"
    "x\\textbar{}\"y\", z & 74.35 [73.90, 74.81] & 1234.57$\\times$ & 192 \\\\\n"
    "\\midrule\n"
    "w & 79.5 & --- & 96.2 \\\\\n"
    "\\bottomrule\n"
    "\\end{tabular}\n"
    "\\par\\footnotesize first note\n"
    "\\par\\footnotesize second note\n"
    "\\end{table*}\n";

constexpr const char* kCsv =
    "method,ciou,speed_up,tokens\n"
    "\"x|\"\"y\"\", z\",74.35,1234.57,192\n"
    "w,79.5,,96.2\n";

void expect_golden() {
  const Table table = sample_table();
  EXPECT_EQ(to_terminal(table), kTerminal);
  EXPECT_EQ(to_markdown(table), kMarkdown);
  EXPECT_EQ(to_latex(table), kLatex);
  EXPECT_EQ(to_csv(table), kCsv);
}

TEST(TerminalWriter, BreaksLongHeadingsAndCaptionsInsteadOfWideningColumns) {
  Table table;
  table.title = "T";
  table.verdict = "VALID";
  table.caption = std::string(60, 'a') + " " + std::string(60, 'b');
  table.columns = {{"m", "Method", Unit::text}, {"s", "refcoco/val", Unit::percent}, {"l", "Layer mean", Unit::count}};
  table.rows = {{{text_cell("m", "none"), number_cell("s", 0.5, Unit::percent, ""), number_cell("l", 576.0, Unit::count, "")}, false}};
  EXPECT_EQ(to_terminal(table), "T\nVALID\n" + std::string(60, 'a') + "\n" + std::string(60, 'b') + "\n\n"
                                "        refcoco/  Layer\n"
                                "Method       val   mean\n"
                                "-----------------------\n"
                                "none       50.00    576\n");
}

TEST(Writers, EveryFormatPrintsTheTableAsExpected) { expect_golden(); }

struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Writers, ACommaDecimalLocaleChangesNothing) {
  const std::string json = to_json(sample_table());
  const std::locale before = std::locale::global(std::locale(std::locale(), new Commas));
  const std::string c_before = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // only where it is installed
  expect_golden();
  EXPECT_EQ(to_json(sample_table()), json);
  std::setlocale(LC_ALL, c_before.c_str());
  std::locale::global(before);
}

TEST(Writers, JsonKeepsTagsUnitsUnroundedValuesIntervalsAndReasons) {
  const json::Document document = json::Document::parse(to_json(sample_table()), "table");
  std::vector<json::Value> cells;
  document.root().at("rows").each([&](const json::Value& row) {
    row.each([&](const json::Value& cell) { cells.push_back(cell); });
  });
  ASSERT_EQ(cells.size(), 8U);
  EXPECT_EQ(cells[1].at("tag").as_string(), "x/ciou");
  EXPECT_EQ(cells[1].at("value").as_double(), 0.74354);
  EXPECT_EQ(cells[1].at("unit").as_string(), "share");
  EXPECT_EQ(cells[1].at("printed").as_string(), "74.35 [73.90, 74.81]");
  EXPECT_EQ(cells[1].at("interval").size(), 2U);
  EXPECT_TRUE(cells[6].at("value").is_null());
  EXPECT_EQ(cells[6].at("note").as_string(), "first note");
}

TEST(Writers, ANumberThatIsNoneIsADash) {
  EXPECT_EQ(printed(number_cell("", std::numeric_limits<double>::quiet_NaN(), Unit::ratio, "")),
            "—");
  EXPECT_EQ(printed(number_cell("", std::numeric_limits<double>::infinity(), Unit::percent, "")),
            "—");
}

TEST(Writers, LatexEscapesEveryCharacterThatTexWouldObey) {
  Table table = sample_table();
  table.rows.resize(1);
  table.rows[0].cells[0] = text_cell("", "\\ { } $ # ^ ~ < > é");
  EXPECT_NE(to_latex(table).find(
                "\\textbackslash{} \\{ \\} \\$ \\# \\textasciicircum{} \\textasciitilde{} "
                "\\textless{} \\textgreater{} é"),
            std::string::npos);
}

TEST(Writers, AnUnknownFormatIsRefusedWithTheKnownOnes) {
  try {
    format_named("word");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("terminal, markdown, latex, csv, json"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace litebench::analysis
