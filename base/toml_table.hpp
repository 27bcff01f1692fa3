#pragma once
// Reads one TOML table key by key and afterwards knows which keys nobody asked for.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml.hpp"

namespace litebench::config {

/// Every getter records its key as known; `finish` refuses the others, naming the nearest known key
/// and the line.
class TableReader {
 public:
  /// `where` is the table's name in messages, e.g. "[run]".
  TableReader(const Node& table, std::string where);

  const Node* find(std::string_view key);

  std::string text(std::string_view key, std::string fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  bool boolean(std::string_view key, bool fallback);
  /// A value or a list of values, each as text (numbers and booleans in canonical spelling). Empty
  /// when absent.
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t least, std::int64_t most);

  /// Keys that nobody asked for yet.
  [[nodiscard]] std::vector<std::string> unread() const;
  void finish() const;

  [[noreturn]] void refuse(const Node& node, std::string_view key, std::string_view reason,
                           std::string_view advice) const;

 private:
  /// A value by itself or each one of a list; an empty list is refused.
  void each_value(const Node& node, std::string_view key,
                  const std::function<void(const Node&)>& take) const;

  const Node& table_;
  std::string where_;
  std::vector<std::string> known_;
};

/// A scalar node as the text a user would write for it; nothing for tables and lists.
std::optional<std::string> scalar_text(const Node& node);

}  // namespace litebench::config
