#include "analysis/tables/writers.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "tests/analysis/comma_locale.hpp"

namespace litebench::analysis {
namespace {

/// An empty cell with its reason, intervals in both forms, marks, and text that each format must quote.
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
                   {"delta", "Δ cIoU", Unit::points},
                   {"p", "p", Unit::p_value},
                   {"tokens", "Tokens", Unit::tokens}};
  Cell ciou = number_cell("x/ciou", 0.74354, Unit::percent, "");
  ciou.interval = Interval{0.739, 0.74806};
  ciou.mark = Mark::best;
  ciou.origin = {"ciou", {"x"}, {"refcoco/val"}, 0, ""};
  Cell delta = number_cell("x/delta", 0.0123, Unit::points, "");
  delta.interval = Interval{-0.001, 0.0251};
  delta.form = IntervalForm::half_width;
  Cell second = number_cell("w/ciou", 0.795, Unit::published, "");
  second.mark = Mark::second;
  table.rows.push_back({{text_cell("x/method", "x|\"y\", z"), ciou,
                         number_cell("x/speed_up", 1234.567, Unit::ratio, ""), delta,
                         number_cell("x/p", 0.00004, Unit::p_value, ""),
                         number_cell("x/tokens", 192, Unit::tokens, "")},
                        true});
  table.rows.push_back({{text_cell("w/method", "w"), second,
                         number_cell("w/speed_up", std::nullopt, Unit::ratio, "first note"),
                         number_cell("w/delta", -0.5, Unit::points, ""),
                         number_cell("w/p", 0.0412, Unit::p_value, ""),
                         number_cell("w/tokens", 96.25, Unit::tokens, "")},
                        true});
  return table;
}

constexpr const char* kTerminal =
    "A & B\n"
    "VALID: 1,234 units\n"
    "50 % of a_b.\n"
    "\n"
    "                                                    Δ\n"
    "Method                    cIoU   Speed-up        cIoU        p  Tokens\n"
    "----------------------------------------------------------------------\n"
    "x|\"y\", z  74.35 [73.90, 74.81]*  1234.57×  +1.23±1.31  <0.0001     192\n"
    "----------------------------------------------------------------------\n"
    "w                         79.5+         —      -50.00   0.0412    96.2\n"
    "  first note\n"
    "  second note\n";

constexpr const char* kMarkdown =
    "### A & B\n"
    "\n"
    "**VALID: 1,234 units**\n"
    "\n"
    "50 % of a\\_b.\n"
    "\n"
    "| Method | cIoU | Speed-up | Δ cIoU | p | Tokens |\n"
    "|:---|---:|---:|---:|---:|---:|\n"
    "| x\\|\"y\", z | **74.35 [73.90, 74.81]** | 1234.57× | +1.23±1.31 | \\<0.0001 | 192 |\n"
    "| w | *79.5* | — | -50.00 | 0.0412 | 96.2 |\n"
    "\n"
    "- first note\n"
    "- second note\n";

constexpr const char* kLatex =
    "% needs \\usepackage{booktabs,graphicx}\n"
    "\\begin{table*}\n"
    "\\centering\n"
    "\\caption{A \\& B. 50 \\% of a\\_b. VALID: 1,234 units}\n"
    "\\label{tab:sample}\n"
    "\\scriptsize\\setlength{\\tabcolsep}{3pt}\n"
    "\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%\n"
    "\\begin{tabular}{lrrrrr}\n"
    "\\toprule\n"
    "Method & cIoU & Speed-up & \\shortstack[r]{$\\Delta$\\\\cIoU} & p & Tokens \\\\\n"
    "\\midrule\n"
    "x\\textbar{}\"y\", z & \\textbf{74.35 [73.90, 74.81]} & 1234.57$\\times$ & "
    "+1.23{\\tiny$\\pm$1.31} & \\textless{}0.0001 & 192 \\\\\n"
    "\\midrule\n"
    "w & \\underline{79.5} & --- & $-$50.00 & 0.0412 & 96.2 \\\\\n"
    "\\bottomrule\n"
    "\\end{tabular}}\n"
    "\\par\\smallskip\\raggedright\\footnotesize\n"
    "first note\\par\n"
    "second note\\par\n"
    "\\end{table*}\n";

constexpr const char* kCsv =
    "method,ciou,ciou_low,ciou_high,speed_up,delta,delta_low,delta_high,p,tokens\n"
    "\"x|\"\"y\"\", z\",74.35,73.90,74.81,1234.57,1.23,-0.10,2.51,4e-05,192\n"
    "w,79.5,,,,-50.00,,,0.0412,96.2\n";

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
  table.columns = {{"m", "Method", Unit::text},
                   {"s", "refcoco/val", Unit::percent},
                   {"l", "Layer mean", Unit::count}};
  table.rows = {{{text_cell("m", "none"), number_cell("s", 0.5, Unit::percent, ""),
                  number_cell("l", 576.0, Unit::count, "")},
                 false}};
  EXPECT_EQ(to_terminal(table), "T\nVALID\n" + std::string(60, 'a') + "\n" + std::string(60, 'b') +
                                    "\n\n"
                                    "        refcoco/  Layer\n"
                                    "Method       val   mean\n"
                                    "-----------------------\n"
                                    "none       50.00    576\n");
}

TEST(Writers, EveryFormatPrintsTheTableAsExpected) { expect_golden(); }

TEST(Writers, ACommaDecimalLocaleChangesNothing) {
  const std::string json = to_json(sample_table());
  const test::CommaLocale german;
  if (!german.c()) GTEST_SKIP() << "no localedef here; cmake/setup.sh full installs locales";
  ASSERT_EQ(german.proof(), "1,5 1,5");
  expect_golden();
  EXPECT_EQ(to_json(sample_table()), json);
}

TEST(Writers, JsonKeepsTagsUnitsUnroundedValuesIntervalsAndReasons) {
  const json::Document document = json::Document::parse(to_json(sample_table()), "table");
  std::vector<json::Value> cells;
  document.root().at("rows").each([&](const json::Value& row) {
    row.each([&](const json::Value& cell) { cells.push_back(cell); });
  });
  ASSERT_EQ(cells.size(), 12U);
  EXPECT_EQ(cells[1].at("tag").as_string(), "x/ciou");
  EXPECT_EQ(cells[1].at("value").as_double(), 0.74354);
  EXPECT_EQ(cells[1].at("unit").as_string(), "share");
  EXPECT_EQ(cells[1].at("printed").as_string(), "74.35 [73.90, 74.81]");
  EXPECT_EQ(cells[1].at("interval").size(), 2U);
  EXPECT_EQ(cells[1].at("mark").as_string(), "best");
  EXPECT_EQ(cells[1].at("origin").at("metric").as_string(), "ciou");
  EXPECT_EQ(cells[1].at("origin").at("splits").size(), 1U);
  EXPECT_EQ(cells[4].at("value").as_double(), 0.00004);
  EXPECT_EQ(cells[7].at("mark").as_string(), "second");
  EXPECT_TRUE(cells[8].at("value").is_null());
  EXPECT_EQ(cells[8].at("note").as_string(), "first note");
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

TEST(TerminalWriter, ColourMakesTheBestBoldAndTheSecondUnderlinedAndLeavesTheRestAlone) {
  const std::string text = to_terminal(sample_table(), Style::colour);
  EXPECT_NE(text.find("\x1b[1;32m74.35 [73.90, 74.81]\x1b[0m*"), std::string::npos);
  EXPECT_NE(text.find("\x1b[4m                79.5\x1b[0m+"), std::string::npos);
  std::string plain = text;
  for (std::size_t at = plain.find('\x1b'); at != std::string::npos; at = plain.find('\x1b')) {
    plain.erase(at, plain.find('m', at) + 1 - at);
  }
  EXPECT_EQ(plain, kTerminal);
}

TEST(LatexWriter, TablesLongerThanAPageAreBrokenOverPages) {
  Table table = sample_table();
  while (table.rows.size() < 46) table.rows.push_back(table.rows.back());
  const std::string text = to_latex(table);
  EXPECT_TRUE(text.starts_with("% needs \\usepackage{booktabs,longtable}\n"));
  EXPECT_NE(text.find("\\begin{longtable}{lrrrrr}"), std::string::npos);
  EXPECT_EQ(text.find("table*"), std::string::npos);
}

TEST(Writers, EveryUnitHasAFormOfItsOwn) {
  EXPECT_EQ(printed(0.12345, Unit::percent), "12.35");
  EXPECT_EQ(printed(0.12345, Unit::published), "12.3");
  EXPECT_EQ(printed(0.12345, Unit::points), "+12.35");
  EXPECT_EQ(printed(-0.001, Unit::points), "-0.10");
  EXPECT_EQ(printed(0.00009, Unit::p_value), "<0.0001");
  EXPECT_EQ(printed(0.0001, Unit::p_value), "0.0001");
  EXPECT_EQ(printed(12, Unit::count), "12");
  EXPECT_EQ(printed(12.34, Unit::seconds), "12.3");
  EXPECT_EQ(printed(12.345, Unit::teraflops), "12.345");
  EXPECT_EQ(printed(7.126, Unit::joules), "7.13");
  EXPECT_EQ(printed(12.34, Unit::mebibytes), "12.3");
  EXPECT_EQ(printed(12.346, Unit::milliseconds), "12.35");
  Cell speed_up = number_cell("", 1.278, Unit::ratio, "");
  speed_up.interval = Interval{1.26, 1.3};
  EXPECT_EQ(printed(speed_up), "1.28× [1.26, 1.30]");
  speed_up.form = IntervalForm::half_width;
  EXPECT_EQ(printed(speed_up), "1.28±0.02×");
  speed_up.form = IntervalForm::hidden;
  EXPECT_EQ(printed(speed_up), "1.28×");
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
