#pragma once
// Reading and writing TOML. The only place that knows toml++; everything else sees this small tree.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::config {

enum class Kind : std::uint8_t { table, array, text, integer, real, boolean };
std::string_view name_of(Kind kind);

struct Member;

/// One value with the line it was read from (0: not from a file, e.g. --set).
struct Node {
  Kind kind = Kind::table;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<Member> members;  ///< table, file order
  std::vector<Node> items;      ///< array
  std::uint32_t line = 0;
};

struct Member {
  std::string name;
  Node value;
};

Node text_node(std::string_view value);
Node integer_node(std::int64_t value);
Node real_node(double value);
Node boolean_node(bool value);
Node array_node(const std::vector<std::string>& values);

/// Throws Error{usage} with line and reason, also for text of a shape that no configuration has (16 MiB, thousands of dots,
/// deep nesting): the parser recurses over its values. `name` is used in messages only.
Node parse_toml(std::string_view text, std::string_view name);
Node load_toml(const std::filesystem::path& path);

/// The tree as TOML text, members in their order.
std::string print_toml(const Node& root);

/// Applies one `table.key=value` of the command line. A value that is no TOML is taken as text, so that
/// `--set run.output=runs/a` needs no quotes. Throws Error{usage} when the assignment has no key or crosses a non-table, or is not UTF-8.
void apply_override(Node& root, std::string_view assignment);

}  // namespace litebench::config
