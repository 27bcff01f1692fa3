#include "analysis/options/table_options.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace litebench::analysis {
namespace {

using config::Kind;
using config::array_node;
using config::integer_node;
using config::Node;
using config::real_node;
using config::text_node;
using config::TableReader;

/// Names become files: letters, digits, - and _.
bool is_file_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

class Reader {
 public:
  Reader(const Node& table, std::string_view where) : in_(table, std::string(where)) {}

  TableOptions read() {
    TableOptions o;
    o.baseline = in_.text("baseline", o.baseline);
    o.reference = in_.text("reference", o.reference);
    o.draws = static_cast<std::int32_t>(in_.integer("draws", o.draws, 0, 10'000'000));
    o.seed = in_.integer("seed", o.seed, 0, INT64_MAX);
    o.interval = choice("interval", o.interval,
                        {{"bca", IntervalKind::bca}, {"percentile", IntervalKind::percentile}});
    o.level = share("level", o.level);
    o.correction = choice(
        "correction", o.correction,
        {{"holm", Correction::holm}, {"benjamini-hochberg", Correction::benjamini_hochberg}});
    o.alpha = share("alpha", o.alpha);
    o.power = share("power", o.power);
    o.margin = share("margin", o.margin);
    o.least_images = in_.integer("least_images", o.least_images, 2, INT32_MAX);
    read_user_tables(o);
    std::vector<std::string> known = table_names();
    for (const AxisTable& table : o.tables) known.push_back(table.name);
    o.include = names("include", o.include, known);
    o.print = names("print", o.print, known);
    in_.finish();
    return o;
  }

 private:
  double share(std::string_view key, double fallback) {
    const Node* node = in_.find(key);
    if (node == nullptr) return fallback;
    if (node->kind != Kind::real || !(node->real > 0 && node->real < 1)) {
      in_.refuse(*node, key, "it wants a number between 0 and 1", "write it as 0.05");
    }
    return node->real;
  }

  template <typename Value>
  Value choice(std::string_view key, Value fallback,
               std::vector<std::pair<std::string_view, Value>> choices) {
    const Node* node = in_.find(key);
    if (node == nullptr) return fallback;
    std::vector<std::string_view> allowed;
    for (const auto& [name, value] : choices) {
      if (node->kind == Kind::text && node->text == name) return value;
      allowed.push_back(name);
    }
    in_.refuse(*node, key, "it is none of the choices",
               fmt::format("use one of: {}", fmt::join(allowed, ", ")));
  }

  std::vector<std::string> names(std::string_view key, const std::vector<std::string>& fallback,
                                 const std::vector<std::string>& known) {
    const Node* node = in_.find(key);
    if (node == nullptr) return fallback;
    if (node->kind == Kind::array && node->items.empty()) return {};
    const std::vector<std::string> wanted = in_.texts(key);
    for (const std::string& name : wanted) check(*node, key, name, "table", known);
    return wanted;
  }

  void check(const Node& node, std::string_view key, const std::string& name, std::string_view what,
             const std::vector<std::string>& known) const {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string near = nearest(name, known);
    in_.refuse(node, key, fmt::format("there is no {} \"{}\"", what, name),
               near.empty() ? fmt::format("use one of: {}", fmt::join(known, ", "))
                            : fmt::format("did you mean \"{}\"?", near));
  }

  void read_user_tables(TableOptions& o) {
    const Node* list = in_.find("table");
    if (list == nullptr) return;
    if (list->kind != Kind::array)
      in_.refuse(*list, "table", "it is not a list of tables", "write [[tables.table]]");
    std::set<std::string> taken(table_names().begin(), table_names().end());
    for (const Node& item : list->items) {
      o.tables.push_back(read_user_table(item));
      if (!taken.insert(o.tables.back().name).second) {
        in_.refuse(item, "name", fmt::format("there is another table \"{}\"", o.tables.back().name),
                   "choose another name");
      }
    }
  }

  AxisTable read_user_table(const Node& item) const {
    TableReader reader(item, "[[tables.table]]");
    AxisTable table;
    table.name = reader.text("name", "");
    if (!is_file_name(table.name)) {
      reader.refuse(item, "name", "a table wants a name made of letters, digits, - and _",
                    "the name becomes a file's");
    }
    table.title = reader.text("title", table.name);
    table.rows = reader.text("rows", table.rows);
    table.columns = reader.text("columns", table.columns);
    table.value = reader.text("value", table.value);
    if (const Node* where = reader.find("where")) {
      if (where->kind != Kind::table) {
        reader.refuse(*where, "where", "it wants a table of axis = value",
                      "write where = { position = \"native\" }");
      }
      for (const auto& [axis, value] : where->members) {
        const auto text = config::scalar_text(value);
        if (!text) reader.refuse(value, axis, "it wants one value", "write it as text or number");
        table.where.emplace_back(axis, *text);
      }
    }
    reader.finish();
    if (table.rows == table.columns) {
      reader.refuse(item, "columns", "rows and columns are the same axis", "choose two axes");
    }
    return table;
  }

  TableReader in_;
};

Node node_of(const AxisTable& table) {
  Node node;
  const auto add = [&](const char* key, const std::string& value) {
    node.members.push_back({key, text_node(value)});
  };
  add("name", table.name);
  add("title", table.title);
  add("rows", table.rows);
  add("columns", table.columns);
  add("value", table.value);
  if (table.where.empty()) return node;
  Node where;
  for (const auto& [axis, value] : table.where) where.members.push_back({axis, text_node(value)});
  node.members.push_back({"where", std::move(where)});
  return node;
}

}  // namespace

const std::vector<std::string>& table_names() {
  static const std::vector<std::string> names{
      "main",       "metrics", "efficiency", "cold-start",  "comparisons", "pareto",
      "break-even", "slices",  "categories", "conventions", "stragglers",  "failures"};
  return names;
}

const std::vector<std::string>& axis_names() {
  static const std::vector<std::string> names{"method", "tokens",  "mode",     "position",
                                              "order",  "variant", "protocol", "split",
                                              "size",   "words",   "length",   "category"};
  return names;
}

TableOptions read_table_options(const Node& table, std::string_view where) {
  return Reader(table, where).read();
}

TableOptions table_options_of(std::string_view toml, std::string_view name) {
  const Node root = config::parse_toml(toml, name);
  for (const auto& [key, value] : root.members) {
    if (key == "tables") return read_table_options(value);
  }
  return {};
}

Node node_of(const TableOptions& o) {
  Node node;
  const auto add = [&](const char* key, Node value) {
    node.members.push_back({key, std::move(value)});
  };
  add("baseline", text_node(o.baseline));
  add("reference", text_node(o.reference));
  add("include", array_node(o.include));
  add("print", array_node(o.print));
  add("draws", integer_node(o.draws));
  add("seed", integer_node(o.seed));
  add("interval", text_node(o.interval == IntervalKind::bca ? "bca" : "percentile"));
  add("level", real_node(o.level));
  add("correction", text_node(o.correction == Correction::holm ? "holm" : "benjamini-hochberg"));
  add("alpha", real_node(o.alpha));
  add("power", real_node(o.power));
  add("margin", real_node(o.margin));
  add("least_images", integer_node(o.least_images));
  if (o.tables.empty()) return node;
  Node list;
  list.kind = Kind::array;
  for (const AxisTable& table : o.tables) list.items.push_back(node_of(table));
  add("table", std::move(list));
  return node;
}

}  // namespace litebench::analysis
