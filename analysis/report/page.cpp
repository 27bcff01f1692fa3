#include "analysis/report/page.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "analysis/audit/address.hpp"
#include "analysis/audit/read_table.hpp"
#include "analysis/files.hpp"
#include "analysis/report/html.hpp"
#include "analysis/tables/writers.hpp"
#include "base/json.hpp"
#include "base/version.hpp"

namespace litebench::analysis::report {
namespace {

std::string asset(std::string_view name) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return audit::read_text(program.parent_path().parent_path() / "share" / "litebench" / "report" /
                          name);
}

std::string cell_html(const Table& table, std::size_t row, std::size_t column) {
  const Cell& cell = table.rows[row].cells[column];
  std::string text = escaped(printed(cell));
  if (cell.mark == Mark::best) text = "<strong>" + text + "</strong>";
  if (cell.mark == Mark::second) text = "<u>" + text + "</u>";
  const auto* value = std::get_if<double>(&cell.value);
  std::string attributes = value == nullptr ? "" : fmt::format("data-value=\"{:.10g}\"", *value);
  if (!std::holds_alternative<std::string>(cell.value)) {
    attributes += fmt::format("{}title=\"{}\"", attributes.empty() ? "" : " ",
                              escaped(audit::address_of(table, row, column) +
                                      (cell.note.empty() ? "" : "\n" + cell.note)));
  }
  return column == 0 ? element("th", "scope=\"row\" " + attributes, text)
                     : element("td", attributes, text);
}

std::string head_html(const Table& table) {
  std::string cells;
  for (const Column& column : table.columns) {
    std::string heading = escaped(column.heading);
    if (const std::size_t slash = heading.find('/'); slash != std::string::npos)
      heading.insert(slash + 1, "<wbr>");
    cells += element("th",
                     fmt::format("scope=\"col\" class=\"{}\" aria-sort=\"none\"",
                                 column.unit == Unit::text ? "text" : "number"),
                     element("button", "type=\"button\" class=\"sort\"", heading));
  }
  return element("thead", "", element("tr", "", cells));
}

std::string body_html(const Table& table) {
  std::string rows;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    std::string cells;
    for (std::size_t column = 0; column < table.columns.size(); ++column)
      cells += cell_html(table, row, column);
    std::string kind = table.rows[row].rule_above ? "ruled" : "";
    if (audit::row_key(table.rows[row]).ends_with("/published")) kind += " published";
    rows += element("tr", kind.empty() ? "" : fmt::format("class=\"{}\"", kind), cells);
  }
  return element("tbody", "", rows);
}

std::string download(const Table& table, Format format, std::string_view type,
                     std::string_view label) {
  return fmt::format("<a download=\"{}{}\" href=\"data:{};charset=utf-8;base64,{}\">{}</a>",
                     table.tag, file_extension(format), type, base64(write(table, format)), label);
}

std::string table_html(const Table& table) {
  const std::string id = "table-" + slug(table.tag);
  std::string notes;
  for (const std::string& note : all_notes(table)) notes += element("li", "", escaped(note));
  std::string columns = "data";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].unit == Unit::text) columns += fmt::format(" t{}", c + 1);
  }
  const std::string heading = element("h3", fmt::format("id=\"{}\"", id), escaped(table.title));
  std::string out = element("p", "class=\"caption\"", escaped(table.caption));
  out += fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{}\"><table "
      "class=\"{}\">{}{}</table></div>",
      id, columns, head_html(table), body_html(table));
  if (!notes.empty()) out += element("ul", "class=\"notes\"", notes);
  out += "<p class=\"downloads\">Download: " + download(table, Format::csv, "text/csv", "CSV") +
         " " + download(table, Format::latex, "text/plain", "LaTeX") + " " +
         download(table, Format::markdown, "text/markdown", "Markdown") + " " +
         download(table, Format::json, "application/json", "JSON") + "</p>";
  // What most readers came for is open; the rest unfolds.
  constexpr std::string_view kOpen[] = {"main", "efficiency", "comparisons", "pareto"};
  const bool open = std::ranges::find(kOpen, table.tag) != std::end(kOpen);
  const std::string body =
      open ? heading + out : element("details", "", element("summary", "", heading) + out);
  return element("article", "class=\"table\"", body);
}

std::string pairs_html(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) {
    if (!value.empty()) out += element("dt", "", escaped(key)) + element("dd", "", escaped(value));
  }
  return element("dl", "", out);
}

class Page {
 public:
  explicit Page(const PageInput& input) : in_(input) {}

  std::string html() {
    add("tables", "Tables", tables());
    add("figures", "Figures", figures());
    add("gallery", "Gallery", in_.gallery);
    add("provenance", "Provenance", provenance());
    add("cite", "How to cite", citation());
    const std::string name = run_name();
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n";
    out += fmt::format(
        "<meta name=\"generator\" content=\"litebench {}\">\n<meta name=\"fingerprint\" "
        "content=\"{}\">\n<title>{} – litebench</title>\n<link rel=\"icon\" "
        "href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n",
        build_info().version, in_.manifest.fingerprint, escaped(name), asset("page.css"));
    out += "<a class=\"skip\" href=\"#tables\">Skip to the tables</a>\n";
    out += element("header", "", summary(name)) + "\n" +
           element("nav", "aria-label=\"Sections\"", element("ul", "", links_)) + "\n" +
           element("main", "", sections_) + "\n";
    out += fmt::format(
        "<footer><p>litebench {}, run <code>{}</code></p></footer>\n<script>\n{}</script>\n"
        "</body>\n</html>\n",
        build_info().version, in_.manifest.fingerprint, asset("page.js"));
    return out;
  }

 private:
  [[nodiscard]] std::string run_name() const {
    const std::filesystem::path folder =
        std::filesystem::absolute(in_.run.directory).lexically_normal();
    return folder.has_filename() ? folder.filename().string()
                                 : folder.parent_path().filename().string();
  }

  void add(std::string_view id, std::string_view title, const std::string& content) {
    links_ += fmt::format("<li><a href=\"#{}\">{}</a></li>", id, title);
    sections_ += fmt::format(
        "<section id=\"{}\" aria-labelledby=\"{}-title\"><h2 id=\"{}-title\">{}</h2>"
        "{}</section>\n",
        id, id, id, title, content);
  }

  [[nodiscard]] std::string summary(const std::string& name) const {
    const Run& run = in_.run;
    std::string out = element("p", "class=\"program\"", "litebench report");
    out += element("h1", "", escaped(name));
    const std::string line = in_.tables.empty() ? in_.state : in_.tables.front().verdict;
    out += fmt::format("<p class=\"verdict {}\">{}</p>", slug(in_.state), escaped(line));
    if (const std::string remark = environment_of(run, "remark"); !remark.empty())
      out += element("p", "class=\"note\"", escaped(remark));
    const auto fact = [&](std::size_t count, std::string_view what) {
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", what, count);
    };
    out += "<dl class=\"facts\">";
    fact(run.splits.size(), "splits");
    fact(run.variants.size(), "variants");
    fact(run.images.size(), "images");
    fact(run.sentences.size(), "expressions");
    fact(run.units.size(), "units");
    return out + "</dl>";
  }

  [[nodiscard]] std::string tables() const {
    std::string out =
        "<p class=\"hint\">A click on a heading sorts, a third click restores the order. "
        "Hovering over a number shows its address for "
        "<code>litebench-reduce explain RUN ADDRESS</code>.</p>";
    for (const Table& table : in_.tables) out += table_html(table);
    return out;
  }

  [[nodiscard]] std::string figures() const {
    if (in_.figures.empty()) return element("p", "class=\"note\"", escaped(in_.why_no_figures));
    std::string out;
    for (const Figure& figure : in_.figures) {
      out += element(
          "figure", "class=\"plot\"",
          fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"img\" aria-label=\"{}\">{}"
                      "</div>",
                      escaped(figure.alt), figure.svg) +
              element("figcaption", "", escaped(figure.title)));
    }
    return element("div", "class=\"plots\"", out);
  }

  [[nodiscard]] std::string provenance() const {
    std::vector<std::pair<std::string, std::string>> facts{
        {"fingerprint", in_.manifest.fingerprint}, {"answers", in_.manifest.answers}};
    for (const auto& made : in_.manifest.made_with) {
      if (made.first != "tables") facts.emplace_back("reducer: " + made.first, made.second);
    }
    std::string out = pairs_html(facts);
    std::string rows;
    for (const Process& process : in_.run.processes) {
      rows += "<tr>" + element("th", "scope=\"row\"", escaped(process.attempt));
      rows += element("td", "", fmt::format("{} of {}", process.rank, process.ranks));
      rows += element("td", "", escaped(process.file)) +
              element("td", "", process.clean_end ? "clean" : "cut off") + "</tr>";
    }
    out +=
        "<h3 id=\"attempts\">Attempts</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-labelledby=\"attempts\"><table class=\"plain\"><thead><tr><th "
        "scope=\"col\">attempt</th>"
        "<th scope=\"col\">rank</th><th scope=\"col\">shard</th><th "
        "scope=\"col\">end</th></tr></thead>"
        "<tbody>" +
        rows + "</tbody></table></div>";
    if (in_.run.processes.empty()) return out;
    const Process& first = in_.run.processes.front();
    out += "<details><summary>Environment of the first process</summary>" +
           pairs_html(first.environment) + "</details>";
    out += "<details><summary>Configuration</summary>" +
           element("pre", "tabindex=\"0\"", escaped(first.config)) + "</details>";
    out += "<details><summary>How the tables were made</summary>" +
           element("pre", "tabindex=\"0\"", escaped(in_.manifest.option("tables"))) + "</details>";
    for (std::size_t p = 0; p < in_.run.protocols.size(); ++p) {
      out += fmt::format("<details><summary>Protocol {}</summary>", p) +
             element("pre", "tabindex=\"0\"", escaped(in_.run.protocols[p])) + "</details>";
    }
    return out;
  }

  [[nodiscard]] std::string citation() const {
    const std::string version(build_info().version), commit(build_info().commit);
    const std::string entry = fmt::format(
        "@software{{litebench,\n  title   = {{litebench: visual-token pruning for pixel-grounding "
        "models}},\n"
        "  version = {{{} ({})}},\n  note    = {{run {}}}\n}}\n",
        version, commit, in_.manifest.fingerprint);
    std::string out =
        "<p>Name the version and the run, so that others can tell which rows your numbers "
        "come from; name the data sets and methods too.</p>";
    out += "<div class=\"copy\"><pre id=\"entry\" tabindex=\"0\">" + escaped(entry) +
           "</pre><button type=\"button\" id=\"copy-entry\">Copy</button></div>";
    return out;
  }

  const PageInput& in_;
  std::string links_, sections_;
};

}  // namespace

std::vector<Figure> read_figures(const std::filesystem::path& folder,
                                 const std::string& fingerprint) {
  std::vector<Figure> figures;
  std::error_code error;
  if (!std::filesystem::exists(folder / "index.json", error)) return figures;
  const json::Document document = json::Document::load(folder / "index.json");
  if (document.root().at("fingerprint").as_string() != fingerprint) return figures;
  document.root().at("figures").each([&](const json::Value& value) {
    const auto text = [&](std::string_view key) { return std::string(value.at(key).as_string()); };
    const std::filesystem::path file =
        folder / std::filesystem::path(text("name") + ".svg").filename();
    std::string svg = audit::read_text(file);
    const std::size_t begin = svg.find("<svg");
    if (begin != std::string::npos)
      figures.push_back({text("name"), text("title"), text("alt"), svg.substr(begin)});
  });
  return figures;
}

std::string page(const PageInput& input) { return Page(input).html(); }

void write_report(PageInput input, const std::filesystem::path& folder) {
  if (input.figures.empty())
    input.figures = read_figures(folder / "figures", input.manifest.fingerprint);
  if (input.figures.empty() && input.why_no_figures.empty()) {
    input.why_no_figures =
        "No figures were drawn. litebench-reduce report RUN draws them where Python has "
        "matplotlib.";
  }
  make_folder(folder / "report");
  write_text(folder / "report" / "index.html", page(input));
}

}  // namespace litebench::analysis::report
