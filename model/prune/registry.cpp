#include "model/prune/registry.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace litebench::prune {
namespace {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                      : fmt::format("did you mean \"{}\"?", near);
}

Options validated(const Method& method, const std::map<std::string, std::string>& given) {
  std::vector<std::string> names;
  Options options;
  for (const MethodOption& option : method.options) {
    names.push_back(option.name);
    options[option.name] = option.values.front();
  }
  for (const auto& [name, value] : given) {
    const auto option = std::find_if(method.options.begin(), method.options.end(),
                                     [&](const MethodOption& o) { return o.name == name; });
    if (option == method.options.end()) {
      throw Error(ExitCode::usage,
                  fmt::format("unknown option \"{}\" of method \"{}\"", name, method.info.id),
                  names.empty() ? "the method has no options" : "not one of its options",
                  names.empty() ? "remove it" : did_you_mean(name, names));
    }
    if (const ValueProblem problem = problem_of(*option, value); !problem.reason.empty()) {
      throw Error(ExitCode::usage,
                  fmt::format("option {}={} of method \"{}\"", name, value, method.info.id),
                  problem.reason, problem.action);
    }
    options[name] = value;
  }
  return options;
}

}  // namespace

Registry::Registry(std::vector<Method> methods) : methods_(std::move(methods)) {}

const Method& Registry::find(std::string_view id) const {
  std::vector<std::string> ids;
  for (const Method& method : methods_) {
    if (method.info.id == id) return method;
    ids.push_back(method.info.id);
  }
  throw Error(ExitCode::usage, fmt::format("unknown pruning method \"{}\"", id),
              "no method of that name", did_you_mean(id, ids));
}

std::shared_ptr<const Pruner> Registry::make(const unit::Variant& variant) const {
  const Method& method = find(variant.method);
  if (method.budgeted && !method.own_setting && variant.tokens <= 0) {
    throw Error(ExitCode::usage, fmt::format("variant \"{}\"", unit::id_of(variant)),
                "the method needs a number of tokens", fmt::format("write {}@192", variant.method));
  }
  if (!method.budgeted && variant.tokens != 0) {
    throw Error(ExitCode::usage, fmt::format("variant \"{}\"", unit::id_of(variant)),
                "the method keeps all tokens", fmt::format("write {}", variant.method));
  }
  return method.make(method.info, Budget{variant.tokens, variant.mode},
                     validated(method, variant.options));
}

}  // namespace litebench::prune
