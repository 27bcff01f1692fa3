#pragma once
// A pickle reader that executes nothing: protocols 0 to 4 become a tree of plain values.
// GLOBAL/REDUCE/BINPERSID yield inert nodes, and only for the names the caller allows (torch
// checkpoints need three). An allowed collections.OrderedDict becomes a plain dict; attributes set
// on it (BUILD with a dict) are dropped.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::pickle {

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  bytes /* str, unicode, bytes */,
  list,
  tuple,
  dict,
  global,
  call,
  persistent
};

/// One value. Nodes belong to their Document. Lists that contain themselves are refused.
struct Node {
  Kind kind = Kind::none;
  std::uint32_t depth = 0;   ///< levels of values below this one; 0 for a leaf
  std::int64_t integer = 0;  ///< integer, boolean
  double real = 0;
  std::string text;  ///< bytes; global: "module name"
  /// list, tuple; dict: key, value, key, value…; call: callable, arguments; persistent: id
  std::vector<const Node*> items;

  /// Dict member with that string key, or nullptr.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Limits {
  std::size_t max_nodes = 200'000'000;  ///< checked before anything is allocated
  std::uint32_t max_depth = 1'000;      ///< so that callers may walk the tree by recursion
};

struct Document {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

/// Reads one pickle from the start of `data`. `allowed_globals` holds "module name" strings. Throws
/// Error{data} naming opcode and offset for forbidden, unknown, truncated or malformed input.
Document parse(std::span<const std::byte> data, std::string_view name_for_errors,
               std::span<const std::string_view> allowed_globals = {}, const Limits& limits = {});

}  // namespace litebench::pickle
