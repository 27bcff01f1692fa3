#include "model/prune/options.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace litebench::prune {
namespace {

template <typename T>
std::optional<T> read(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Far more than any method has; exact arithmetic on their shares has room for no more.
constexpr std::size_t kMaxLayers = 5;

/// Nothing when a part is no integer.
std::optional<std::vector<std::int64_t>> read_layers(std::string_view text) {
  std::vector<std::int64_t> layers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t dash = std::min(text.find('-', begin), text.size());
    const auto layer = read<std::int64_t>(text.substr(begin, dash - begin));
    if (!layer) return std::nullopt;
    layers.push_back(*layer);
    begin = dash + 1;
  }
  return layers;
}

bool ascending(const std::vector<std::int64_t>& layers) {
  return std::adjacent_find(layers.begin(), layers.end(), std::greater_equal<>()) == layers.end();
}

std::string bounds(const MethodOption& option) {
  return fmt::format("from {} to {}", option.min, option.max);
}

template <typename T>
ValueProblem number_problem(const MethodOption& option, const std::string& value,
                            std::string_view kind) {
  const std::optional<T> read_value = read<T>(value);
  if (!read_value) {
    return {fmt::format("not {}", kind), fmt::format("use one {}", bounds(option))};
  }
  if (!(option.min <= static_cast<double>(*read_value) &&
        static_cast<double>(*read_value) <= option.max)) {
    return {"out of bounds", fmt::format("use {} {}", kind, bounds(option))};
  }
  const std::string canonical = fmt::format("{}", *read_value);
  if (value != canonical) return {"spelled unusually", fmt::format("write {}", canonical)};
  return {};
}

ValueProblem layers_problem(const MethodOption& option, const std::string& value) {
  if (value == option.values.front()) return {};  // the default may be a word
  const auto layers = read_layers(value);
  const std::string usage = fmt::format("write at most {} ascending layers {} like {}", kMaxLayers,
                                        bounds(option), option.values.back());
  if (!layers || !ascending(*layers) || layers->size() > kMaxLayers) {
    return {"no list of ascending layers", usage};
  }
  if (static_cast<double>(layers->front()) < option.min ||
      static_cast<double>(layers->back()) > option.max) {
    return {"a layer is out of bounds", usage};
  }
  const std::string canonical = fmt::format("{}", fmt::join(*layers, "-"));
  if (value != canonical) return {"spelled unusually", fmt::format("write {}", canonical)};
  return {};
}

}  // namespace

ValueProblem problem_of(const MethodOption& option, const std::string& value) {
  switch (option.kind) {
    case OptionKind::integer: return number_problem<std::int64_t>(option, value, "an integer");
    case OptionKind::number: return number_problem<double>(option, value, "a number");
    case OptionKind::layers: return layers_problem(option, value);
    case OptionKind::choice: break;
  }
  const auto& allowed = option.values;
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return {};
  return {"not an allowed value", fmt::format("use one of: {}", fmt::join(allowed, ", "))};
}

std::int64_t integer_of(const Options& options, const std::string& name) {
  return read<std::int64_t>(options.at(name)).value();
}

double number_of(const Options& options, const std::string& name) {
  return read<double>(options.at(name)).value();
}

std::vector<std::int64_t> layers_of(const Options& options, const std::string& name) {
  return read_layers(options.at(name)).value();
}

}  // namespace litebench::prune
