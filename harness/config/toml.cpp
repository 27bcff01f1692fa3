#include "harness/config/toml.hpp"

#include <sstream>

#include <fmt/core.h>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"

namespace litebench::config {
namespace {

// toml++ recurses while parsing and so do we while converting; deeper input is nobody's
// configuration.
constexpr int kMaxDepth = 32;

[[noreturn]] void refuse(std::string_view name, std::uint32_t line, std::string_view reason) {
  throw Error(ExitCode::usage, fmt::format("cannot read {} at line {}", name, line), reason,
              "correct the line; configs/ holds working examples");
}

Node convert(const toml::node& from, std::string_view name, int depth) {
  Node to;
  to.line = static_cast<std::uint32_t>(from.source().begin.line);
  if (depth > kMaxDepth) refuse(name, to.line, "tables and arrays are nested too deeply");
  if (const auto* table = from.as_table()) {
    for (const auto& [key, value] : *table) {
      to.members.emplace_back(std::string(key.str()), convert(value, name, depth + 1));
    }
  } else if (const auto* array = from.as_array()) {
    to.kind = Kind::array;
    for (const auto& item : *array) to.items.push_back(convert(item, name, depth + 1));
  } else if (const auto* text = from.as_string()) {
    to.kind = Kind::text;
    to.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    to.kind = Kind::integer;
    to.integer = integer->get();
  } else if (const auto* real = from.as_floating_point()) {
    to.kind = Kind::real;
    to.real = real->get();
  } else if (const auto* boolean = from.as_boolean()) {
    to.kind = Kind::boolean;
    to.boolean = boolean->get();
  } else {
    refuse(name, to.line, "dates and times have no meaning here");
  }
  return to;
}

void insert(toml::table& table, const std::string& key, const Node& node);

void append(toml::array& array, const Node& node) {
  switch (node.kind) {
    case Kind::table: {
      toml::table inner;
      for (const auto& [key, value] : node.members) insert(inner, key, value);
      array.push_back(std::move(inner));
      break;
    }
    case Kind::array: {
      toml::array inner;
      for (const Node& item : node.items) append(inner, item);
      array.push_back(std::move(inner));
      break;
    }
    case Kind::text: array.push_back(node.text); break;
    case Kind::integer: array.push_back(node.integer); break;
    case Kind::real: array.push_back(node.real); break;
    case Kind::boolean: array.push_back(node.boolean); break;
  }
}

void insert(toml::table& table, const std::string& key, const Node& node) {
  toml::array one;
  append(one, node);
  table.insert_or_assign(key, std::move(*one.get(0)));
}

Node* member(Node& table, std::string_view key) {
  for (auto& [name, value] : table.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node parse_value(std::string_view value) {
  try {
    const toml::table table = toml::parse(fmt::format("value = {}", value));
    if (table.size() == 1) {
      Node node = convert(*table.get("value"), "--set", 0);
      node.line = 0;
      return node;
    }
  } catch (const toml::parse_error&) {
    // not TOML: a bare word or path, taken as text below
  }
  Node node;
  node.kind = Kind::text;
  node.text = value;
  return node;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::table: return "table";
    case Kind::array: return "list";
    case Kind::text: return "text";
    case Kind::integer: return "integer";
    case Kind::real: return "number";
    case Kind::boolean: return "true/false";
  }
  return "?";
}

Node parse_toml(std::string_view text, std::string_view name) {
  try {
    return convert(toml::parse(text, name), name, 0);
  } catch (const toml::parse_error& error) {
    refuse(name, static_cast<std::uint32_t>(error.source().begin.line), error.description());
  }
}

Node load_toml(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return parse_toml({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

std::string print_toml(const Node& root) {
  toml::table table;
  for (const auto& [key, value] : root.members) insert(table, key, value);
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << table << '\n';
  return out.str();
}

void apply_override(Node& root, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string_view path = assignment.substr(0, equals);
  if (equals == std::string_view::npos || path.empty() || path.front() == '.' ||
      path.back() == '.') {
    throw Error(ExitCode::usage, fmt::format("cannot apply --set {}", assignment),
                "it is not of the form table.key=value", "for example --set run.output=runs/a");
  }
  Node* table = &root;
  std::string_view rest = path;
  for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    const std::string_view key = rest.substr(0, dot);
    Node* next = member(*table, key);
    if (next == nullptr) next = &table->members.emplace_back(std::string(key), Node{}).second;
    if (next->kind != Kind::table) {
      throw Error(ExitCode::usage, fmt::format("cannot apply --set {}", assignment),
                  fmt::format("{} is a {}, not a table", key, name_of(next->kind)),
                  "change it in the configuration file");
    }
    table = next;
    rest.remove_prefix(dot + 1);
  }
  Node value = parse_value(assignment.substr(equals + 1));
  if (Node* old = member(*table, rest)) {
    *old = std::move(value);
  } else {
    table->members.emplace_back(std::string(rest), std::move(value));
  }
}

}  // namespace litebench::config
