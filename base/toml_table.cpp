#include "base/toml_table.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace litebench::config {

TableReader::TableReader(const Node& table, std::string where)
    : table_(table), where_(std::move(where)) {
  if (table.kind != Kind::table) refuse(table, "", "it is not a table", "write it as " + where_);
}

const Node* TableReader::find(std::string_view key) {
  known_.emplace_back(key);
  for (const auto& [name, value] : table_.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string TableReader::text(std::string_view key, std::string fallback) {
  const Node* node = find(key);
  if (node == nullptr) return fallback;
  if (node->kind != Kind::text) {
    refuse(*node, key, fmt::format("it wants text, not a {}", name_of(node->kind)),
           "put the value in quotes");
  }
  return node->text;
}

std::int64_t TableReader::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                                  std::int64_t most) {
  const std::vector<std::int64_t> values = integers(key, least, most);
  if (values.empty()) return fallback;
  if (values.size() > 1) refuse(*find(key), key, "it wants one integer", "give a single value");
  return values.front();
}

bool TableReader::boolean(std::string_view key, bool fallback) {
  const Node* node = find(key);
  if (node == nullptr) return fallback;
  if (node->kind != Kind::boolean) {
    refuse(*node, key, fmt::format("it wants true or false, not a {}", name_of(node->kind)),
           "write true or false");
  }
  return node->boolean;
}

std::vector<std::string> TableReader::texts(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr) return {};
  std::vector<std::string> values;
  each_value(*node, key, [&](const Node& item) {
    const auto value = scalar_text(item);
    if (!value)
      refuse(item, key, "it wants a value or a list of values", "see docs/configuration.md");
    values.push_back(*value);
  });
  return values;
}

std::vector<std::int64_t> TableReader::integers(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const Node* node = find(key);
  if (node == nullptr) return {};
  std::vector<std::int64_t> values;
  each_value(*node, key, [&](const Node& item) {
    if (item.kind != Kind::integer) {
      refuse(item, key, fmt::format("it wants an integer, not a {}", name_of(item.kind)),
             "write a whole number");
    }
    if (item.integer < least || item.integer > most) {
      refuse(item, key, fmt::format("{} is out of range", item.integer),
             fmt::format("use a number from {} to {}", least, most));
    }
    values.push_back(item.integer);
  });
  return values;
}

void TableReader::each_value(const Node& node, std::string_view key,
                             const std::function<void(const Node&)>& take) const {
  if (node.kind != Kind::array) {
    take(node);
    return;
  }
  if (node.items.empty())
    refuse(node, key, "the list is empty", "name at least one value or leave the key out");
  for (const Node& item : node.items) take(item);
}

std::vector<std::string> TableReader::unread() const {
  std::vector<std::string> keys;
  for (const auto& [name, value] : table_.members) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) keys.push_back(name);
  }
  return keys;
}

void TableReader::finish() const {
  for (const auto& [name, value] : table_.members) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string near = nearest(name, known_);
    refuse(value, name, "litebench knows no such key",
           near.empty() ? std::string("see docs/configuration.md for the keys of this table")
                        : fmt::format("did you mean \"{}\"?", near));
  }
}

void TableReader::refuse(const Node& node, std::string_view key, std::string_view reason,
                         std::string_view advice) const {
  const std::string where = node.line > 0 ? fmt::format("{} line {}", where_, node.line) : where_;
  throw Error(ExitCode::usage, fmt::format("cannot use \"{}\" in {}", key, where), reason, advice);
}

std::optional<std::string> scalar_text(const Node& node) {
  switch (node.kind) {
    case Kind::text: return node.text;
    case Kind::integer: return fmt::format("{}", node.integer);
    case Kind::real: return fmt::format("{}", node.real);
    case Kind::boolean: return node.boolean ? "true" : "false";
    default: return std::nullopt;
  }
}

}  // namespace litebench::config
