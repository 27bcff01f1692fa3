#include "base/toml.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/core.h>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "base/unicode.hpp"

namespace litebench::config {
namespace {

// toml++ recurses while parsing and so do we while converting; deeper input is nobody's configuration.
constexpr int kMaxDepth = 32;
// It bounds the nesting of brackets but not of dotted keys, where every dot is a table within a table and a few frames
// of its stack.
constexpr int kMaxDots = 4096;
constexpr std::size_t kMaxBytes = 16 << 20;  // a file named by mistake

[[noreturn]] void refuse(std::string_view name, std::uint32_t line, std::string_view reason) {
  throw Error(ExitCode::usage, fmt::format("cannot read {} at line {}", name, line), reason,
              "correct the line; configs/ holds working examples");
}

/// The first place behind the quoted text that begins at `at`.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool multi_line = text.substr(at, 3) == std::string(3, quote);
  const std::string closing(multi_line ? 3 : 1, quote);
  for (at += closing.size(); at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at).starts_with(closing)) {
      at += closing.size();
      // Up to two quotes may stand before the closing ones.
      for (int more = 0; multi_line && more < 2 && at < text.size() && text[at] == quote; ++more)
        ++at;
      return at;
    } else if (text[at] == '\n' && !multi_line) {
      return at;  // never closed; the parser stops here
    }
  }
  return text.size();
}

/// Dots outside of texts and comments: those of numbers and of dotted keys.
int bare_dots(std::string_view text) {
  int dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"' || text[at] == '\'') {
      at = end_of_quoted(text, at);
    } else if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      dots += text[at++] == '.' ? 1 : 0;
    }
  }
  return dots;
}

/// toml++ 3.3 asks of letters outside of ASCII whether they are blanks, and below U+049A that is undefined behaviour.
/// Its parser therefore sees ASCII alone: every other byte, and every ~, is spelled ~ and two hexadecimal digits.
std::string to_ascii(std::string_view text) {
  std::string ascii;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != '~') {
      ascii += c;
    } else {
      ascii += fmt::format("~{:02x}", byte);
    }
  }
  return ascii;
}

std::string from_ascii(std::string_view ascii) {
  std::string text;
  for (std::size_t i = 0; i < ascii.size(); ++i) {
    unsigned byte = 0;
    if (ascii[i] == '~' && i + 2 < ascii.size() &&
        std::from_chars(&ascii[i + 1], &ascii[i + 1] + 2, byte, 16).ptr == &ascii[i + 1] + 2) {
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += ascii[i];
    }
  }
  return text;
}

bool escapes_tilde(std::string_view text) {
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at + 1)) {
    std::string escape(text.substr(at + 1, 9));
    for (char& c : escape) c = c == 'E' ? 'e' : c;
    if (escape.starts_with("u007e") || escape.starts_with("U0000007e")) return true;
  }
  return false;
}

/// The only call of toml++'s parser. Its keys and texts are spelled as to_ascii does.
toml::table parse_bounded(std::string_view text, std::string_view name) {
  if (text.size() > kMaxBytes)
    refuse(name, 0, fmt::format("it is longer than {} bytes", kMaxBytes));
  if (!is_utf8(text)) refuse(name, 0, "it is not UTF-8");
  if (bare_dots(text) > kMaxDots)
    refuse(name, 0, fmt::format("it has more than {} dots outside of quotes", kMaxDots));
  if (escapes_tilde(text)) refuse(name, 0, "it has ~ as a Unicode escape; write ~");
  // Editors write a byte order mark; it is no part of the text.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return toml::parse(to_ascii(text), name);
}

Node convert(const toml::node& from, std::string_view name, int depth) {
  Node to;
  to.line = static_cast<std::uint32_t>(from.source().begin.line);
  if (depth > kMaxDepth) refuse(name, to.line, "tables and arrays are nested too deeply");
  if (const auto* table = from.as_table()) {
    for (const auto& [key, value] : *table) {
      to.members.push_back({from_ascii(key.str()), convert(value, name, depth + 1)});
    }
  } else if (const auto* array = from.as_array()) {
    to.kind = Kind::array;
    for (const auto& item : *array) to.items.push_back(convert(item, name, depth + 1));
  } else if (const auto* text = from.as_string()) {
    to.kind = Kind::text;
    to.text = from_ascii(text->get());
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

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find(separator); at != std::string_view::npos;
       at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

Node parse_value(std::string_view value) {
  try {
    const toml::table table = parse_bounded(fmt::format("value = {}", value), "--set");
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

Node text_node(std::string_view value) {
  Node node;
  node.kind = Kind::text;
  node.text = value;
  return node;
}

Node integer_node(std::int64_t value) {
  Node node;
  node.kind = Kind::integer;
  node.integer = value;
  return node;
}

Node real_node(double value) {
  Node node;
  node.kind = Kind::real;
  node.real = value;
  return node;
}

Node boolean_node(bool value) {
  Node node;
  node.kind = Kind::boolean;
  node.boolean = value;
  return node;
}

Node array_node(const std::vector<std::string>& values) {
  Node node;
  node.kind = Kind::array;
  for (const std::string& value : values) node.items.push_back(text_node(value));
  return node;
}

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
    return convert(parse_bounded(text, name), name, 0);
  } catch (const toml::parse_error& error) {
    refuse(name, static_cast<std::uint32_t>(error.source().begin.line),
           from_ascii(error.description()));
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
  // toml++ writes texts with line breaks between ''' without looking whether they hold ''' or begin with a line break, and
  // between single ' when it may not: only the escaped form reads back to the same text.
  constexpr auto kFlags = toml::toml_formatter::default_flags &
                          ~toml::format_flags::allow_literal_strings &
                          ~toml::format_flags::allow_multi_line_strings;
  out << toml::toml_formatter(table, kFlags) << '\n';
  return out.str();
}

void apply_override(Node& root, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  std::vector<std::string_view> path = split(assignment.substr(0, equals), '.');
  const auto refuse_assignment = [&](std::string_view reason, std::string_view advice) {
    throw Error(ExitCode::usage, fmt::format("cannot apply --set {}", assignment), reason, advice);
  };
  if (equals == std::string_view::npos || std::ranges::count(path, "") > 0 ||
      path.size() > kMaxDepth) {
    refuse_assignment("it is not of the form table.key=value",
                      "for example --set run.output=runs/a");
  }
  // The configuration is written to files as TOML, and TOML is UTF-8.
  if (!is_utf8(assignment))
    refuse_assignment("it is not UTF-8", "rename the file or folder it speaks of");
  const std::string_view last = path.back();
  path.pop_back();
  Node* table = &root;
  for (const std::string_view key : path) {
    Node* next = member(*table, key);
    if (next == nullptr) next = &table->members.emplace_back(Member{std::string(key), {}}).value;
    if (next->kind != Kind::table) {
      refuse_assignment(fmt::format("{} is a {}, not a table", key, name_of(next->kind)),
                        "change it in the configuration file");
    }
    table = next;
  }
  Node value = parse_value(assignment.substr(equals + 1));
  if (Node* old = member(*table, last)) {
    *old = std::move(value);
  } else {
    table->members.push_back({std::string(last), std::move(value)});
  }
}

}  // namespace litebench::config
