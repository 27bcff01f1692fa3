#include "harness/config/sweep.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::config {
namespace {

// Every variant has a copy of each.
constexpr std::size_t kMaxOptions = 16, kMaxLength = 128, kMaxPath = 1024;

/// Replaces every variant by one copy per value, changed by `apply`. No values: unchanged.
template <typename Value, typename Apply>
void multiply(std::vector<unit::Variant>& variants, const std::vector<Value>& values, Apply apply) {
  if (values.empty()) return;
  check_product("[[sweep]]", variants.size() * values.size());
  std::vector<unit::Variant> product;
  for (const unit::Variant& base : variants) {
    for (const Value& value : values) {
      product.push_back(base);
      apply(product.back(), value);
    }
  }
  variants = std::move(product);
}

void check_length(const TableReader& reader, const std::string& key, const std::string& value) {
  if (std::max(key.size(), value.size()) <= kMaxLength) return;
  const Node nowhere;
  reader.refuse(nowhere, key.substr(0, kMaxLength),
                fmt::format("it is longer than {} bytes", kMaxLength),
                "no method has such a name or option");
}

void check_method(const TableReader& reader, const std::string& method) {
  unit::Variant variant;
  unit::set_method(variant, method);
  if (variant.file.empty()) return check_length(reader, "method", method);
  if (variant.file.size() <= kMaxPath && variant.file.find('\0') == std::string::npos) return;
  const Node nowhere;
  reader.refuse(nowhere, "method", fmt::format("the path after {}: is longer than {} bytes or holds a NUL",
                                               variant.method, kMaxPath), "give a shorter path");
}

void check_option_name(const TableReader& reader, const std::string& key,
                       const std::string& value) {
  // Ids spell options between brackets, so these characters would make two variants look the same.
  constexpr std::string_view kReserved = "[],=@ \t\n";
  if (key.find_first_of(kReserved) == std::string::npos &&
      value.find_first_of(kReserved) == std::string::npos) {
    return;
  }
  const Node nowhere;
  reader.refuse(nowhere, key, "names and values of options may not hold any of [ ] , = @ or blanks",
                "spell it without them");
}

}  // namespace

void check_product(std::string_view entries, std::size_t size) {
  if (size <= kMaxProduct) return;
  throw Error(ExitCode::usage, fmt::format("cannot evaluate {} combinations of {}", size, entries),
              fmt::format("the most is {}", kMaxProduct),
              "shorten the lists or split the configuration");
}

std::vector<SweptVariant> expand_sweep(TableReader& reader, std::uint32_t line) {
  const std::vector<std::string> methods = reader.texts("method");
  for (const std::string& method : methods) check_method(reader, method);
  if (methods.empty()) {
    throw Error(ExitCode::usage, fmt::format("the [[sweep]] at line {} names no method", line),
                "method is missing",
                "add method = \"none\" or a list; `litebench list methods` names them");
  }
  std::vector<unit::Variant> variants(1);
  multiply(variants, methods, [](unit::Variant& v, const std::string& name) { unit::set_method(v, name); });
  multiply(variants, reader.integers("tokens", 1, 1'000'000),
           [](unit::Variant& v, std::int64_t tokens) { v.tokens = tokens; });
  multiply(variants, reader.texts("mode"),
           [](unit::Variant& v, const std::string& name) { v.mode = unit::budget_mode(name); });
  multiply(variants, reader.texts("position"), [](unit::Variant& v, const std::string& name) {
    v.position = unit::position_policy(name);
  });
  multiply(variants, reader.texts("order"),
           [](unit::Variant& v, const std::string& name) { v.order = unit::order_policy(name); });
  const auto seeds = static_cast<std::int32_t>(reader.integer("seeds", 1, 1, 1'000));
  const std::vector<std::string> options = reader.unread();
  if (options.size() > kMaxOptions) {
    throw Error(ExitCode::usage, fmt::format("cannot use the [[sweep]] at line {}", line),
                fmt::format("it has {} options, the most is {}", options.size(), kMaxOptions),
                "no method has so many; `litebench list methods` names them");
  }
  for (const std::string& key : options) {
    multiply(variants, reader.texts(key), [&](unit::Variant& v, const std::string& value) {
      check_length(reader, key, value);
      check_option_name(reader, key, value);
      v.options[key] = value;
    });
  }
  std::vector<SweptVariant> swept;
  for (unit::Variant& variant : variants) swept.push_back({std::move(variant), seeds, line});
  return swept;
}

}  // namespace litebench::config
