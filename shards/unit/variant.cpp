#include "shards/unit/variant.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"

namespace litebench::unit {
namespace {

template <typename E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<BudgetMode, 3> kModes{{{BudgetMode::exact, "exact"},
                                       {BudgetMode::after_prune, "afterprune"},
                                       {BudgetMode::layer_mean, "layermean"}}};
constexpr Names<PositionPolicy, 4> kPositions{{{PositionPolicy::native, "native"},
                                               {PositionPolicy::compact, "compact"},
                                               {PositionPolicy::original, "original"},
                                               {PositionPolicy::stretch, "stretch"}}};
constexpr Names<OrderPolicy, 2> kOrders{
    {{OrderPolicy::native, "native"}, {OrderPolicy::raster, "raster"}}};

template <typename E, std::size_t N>
std::string_view spell(const Names<E, N>& names, E value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "?";
}

template <typename E, std::size_t N>
E read(const Names<E, N>& names, std::string_view what, std::string_view text) {
  std::vector<std::string_view> allowed;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    allowed.push_back(name);
  }
  throw Error(ExitCode::usage, fmt::format("unknown {} \"{}\"", what, text), "not a known name",
              fmt::format("use one of: {}", fmt::join(allowed, ", ")));
}

[[noreturn]] void refuse(std::string_view id, std::string_view reason) {
  throw Error(ExitCode::usage, fmt::format("cannot read variant \"{}\"", id), reason,
              "spell it like litelvlm@192 or litelvlm@64[pos=original,variant=paper]");
}

void read_bracket_item(Variant& variant, std::string_view id, std::string_view item) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos || equals == 0) refuse(id, "an option has no value");
  const std::string_view key = item.substr(0, equals);
  const std::string_view value = item.substr(equals + 1);
  if (key == "mode") {
    variant.mode = budget_mode(value);
  } else if (key == "pos") {
    variant.position = position_policy(value);
  } else if (key == "order") {
    variant.order = order_policy(value);
  } else {
    variant.options.emplace(key, value);
  }
}

bool is_outside(std::string_view spelling, std::string_view word) {
  return spelling.starts_with(word) && spelling.substr(word.size()).starts_with(':');
}

/// Where the options begin; a path may hold brackets of its own.
std::size_t bracket_of(std::string_view id) {
  for (const std::string_view word : kOutside) {
    if (is_outside(id, word)) return id.ends_with(']') ? id.rfind('[') : std::string_view::npos;
  }
  return id.find('[');
}

std::int64_t read_tokens(std::string_view id, std::string_view text) {
  std::int64_t tokens = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tokens);
  if (error != std::errc{} || end != text.data() + text.size() || tokens <= 0) {
    refuse(id, "the number of tokens after @ is not a positive integer");
  }
  return tokens;
}

/// The file's name without folder and extension, in letters that mean nothing in an id, a table or a shell.
std::string label_of(std::string_view file) {
  constexpr std::size_t kLongest = 32;
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
  std::string_view name = file.substr(file.rfind('/') + 1);   // npos + 1 is 0
  if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0) name = name.substr(0, dot);
  std::string label(name.substr(0, kLongest));
  for (char& c : label) {
    if (kPlain.find(c) == std::string_view::npos) c = '_';
  }
  return label;
}

std::string label_of(const Variant& variant) {
  if (variant.content.empty()) return method_spelling(variant);
  return fmt::format("{}:{}-{}", variant.method, label_of(variant.file), variant.content.substr(0, 8));
}

}  // namespace

void set_method(Variant& variant, std::string_view spelling) {
  variant.method = spelling;
  variant.file.clear();
  variant.content.clear();
  for (const std::string_view word : kOutside) {
    if (!is_outside(spelling, word)) continue;
    variant.method = word;
    variant.file = spelling.substr(word.size() + 1);
    if (!variant.file.empty()) return;
    throw Error(ExitCode::usage, fmt::format("cannot use method \"{}\"", spelling), "it names no file",
                fmt::format("write {}:FILE", word));
  }
}

std::string method_spelling(const Variant& variant) {
  return variant.file.empty() ? variant.method : fmt::format("{}:{}", variant.method, variant.file);
}

std::string_view name_of(BudgetMode mode) { return spell(kModes, mode); }
std::string_view name_of(PositionPolicy policy) { return spell(kPositions, policy); }
std::string_view name_of(OrderPolicy policy) { return spell(kOrders, policy); }
BudgetMode budget_mode(std::string_view name) { return read(kModes, "budget mode", name); }
PositionPolicy position_policy(std::string_view name) {
  return read(kPositions, "position policy", name);
}
OrderPolicy order_policy(std::string_view name) { return read(kOrders, "order policy", name); }

std::string id_of(const Variant& variant) {
  std::vector<std::string> items;
  if (variant.mode != BudgetMode::exact) items.push_back(fmt::format("mode={}", name_of(variant.mode)));
  if (variant.position != PositionPolicy::native) {
    items.push_back(fmt::format("pos={}", name_of(variant.position)));
  }
  if (variant.order != OrderPolicy::native) items.push_back(fmt::format("order={}", name_of(variant.order)));
  for (const auto& [key, value] : variant.options) items.push_back(fmt::format("{}={}", key, value));
  std::string id = label_of(variant);
  if (variant.tokens > 0) id += fmt::format("@{}", variant.tokens);
  if (!items.empty()) id += fmt::format("[{}]", fmt::join(items, ","));
  return id;
}

Variant parse_variant(std::string_view id) {
  Variant variant;
  std::string_view head = id;
  if (const std::size_t open = bracket_of(id); open != std::string_view::npos) {
    if (id.back() != ']') refuse(id, "the bracket is not closed");
    head = id.substr(0, open);
    std::string_view rest = id.substr(open + 1, id.size() - open - 2);
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      read_bracket_item(variant, id, rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  if (const std::size_t at = head.rfind('@'); at != std::string_view::npos) {
    variant.tokens = read_tokens(id, head.substr(at + 1));
    head = head.substr(0, at);
  }
  if (head.empty()) refuse(id, "it names no method");
  set_method(variant, head);
  return variant;
}

}  // namespace litebench::unit
