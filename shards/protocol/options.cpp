#include <algorithm>
#include <charconv>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::protocol {
namespace {

constexpr std::string_view kSeed = "seed";

/// One field of Protocol with its configuration name and the names of its values.
struct Option {
  std::string key;
  std::vector<std::string> names;
  std::function<void(Protocol&, std::size_t)> set;  ///< to the value with that name
  std::function<std::size_t(const Protocol&)> get;
};

/// Enumerators in the order of their names.
template <typename Enum>
Option enumerated(std::string key, Enum Protocol::*field, std::vector<std::string> names) {
  return {std::move(key), std::move(names),
          [field](Protocol& p, std::size_t i) { p.*field = static_cast<Enum>(i); },
          [field](const Protocol& p) { return static_cast<std::size_t>(p.*field); }};
}

/// "random" is -1, the others are their numbers.
Option drawn(std::string key, std::int32_t Protocol::*field, std::int32_t count) {
  std::vector<std::string> names = {"random"};
  for (std::int32_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return {std::move(key), std::move(names),
          [field](Protocol& p, std::size_t i) { p.*field = static_cast<std::int32_t>(i) - 1; },
          [field](const Protocol& p) { return static_cast<std::size_t>(p.*field + 1); }};
}

std::vector<Option> all_options() {
  return {enumerated("sampling", &Protocol::sampling, {"sampled3", "exhaustive"}),
          enumerated("turns", &Protocol::turns, {"upto3", "single"}),
          drawn("template", &Protocol::template_index, kTemplates),
          drawn("answer", &Protocol::answer_index, kAnswers),
          enumerated("simtext", &Protocol::sim_text, {"question", "expression"}),
          enumerated("sim", &Protocol::sim, {"dot", "cosine"}),
          enumerated("score_dtype", &Protocol::score_dtype, {"model", "fp32"}),
          enumerated("ties", &Protocol::ties, {"lower", "upper"}),
          enumerated("gt", &Protocol::ground_truth, {"sum", "union"}),
          enumerated("image_order", &Protocol::image_order, {"sorted", "cpython_set"}),
          enumerated("exif", &Protocol::exif, {"apply", "ignore"}),
          enumerated("eps", &Protocol::epsilons, {"upstream", "none"}),
          enumerated("pe_dtype", &Protocol::pe_dtype, {"model", "fp32"})};
}

std::string advice_for(std::string_view word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? fmt::format("use one of: {}", fmt::join(known, ", "))
                      : fmt::format("did you mean {}?", near);
}

void set_seed(Protocol& protocol, std::string_view value) {
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), protocol.seed);
  if (error != std::errc{} || end != value.data() + value.size()) {
    throw Error(ExitCode::usage, fmt::format("protocol option seed = \"{}\"", value),
                "it is not an integer of 64 bits", "use a number such as 17");
  }
}

Protocol strict() {
  return {.sampling = Sampling::exhaustive,
          .turns = Turns::single,
          .template_index = 0,
          .answer_index = 0,
          .sim_text = SimText::expression,
          .sim = Similarity::cosine,
          .score_dtype = ScoreDType::fp32,
          .ground_truth = refer::GroundTruth::union_,
          .image_order = refer::ImageOrder::sorted,
          .exif = Exif::ignore,
          .epsilons = Epsilons::none,
          .pe_dtype = Precision::fp32};
}

}  // namespace

std::vector<std::string> profile_names() {
  return {"upstream-compatible", "strict", "glamm-baseline"};
}

Protocol profile(std::string_view name) {
  const auto names = profile_names();
  if (std::ranges::find(names, name) == names.end()) {
    throw Error(ExitCode::usage, fmt::format("unknown protocol profile \"{}\"", name),
                fmt::format("known are {}", fmt::join(names, ", ")), advice_for(name, names));
  }
  Protocol made = name == "strict" ? strict() : Protocol{};
  made.name = name;
  return made;
}

void set_option(Protocol& protocol, std::string_view key, std::string_view value) {
  if (key == kSeed) return set_seed(protocol, value);
  const auto options = all_options();
  const auto option = std::ranges::find(options, key, &Option::key);
  if (option == options.end()) {
    std::vector<std::string> keys = {std::string(kSeed)};
    for (const Option& known : options) keys.push_back(known.key);
    throw Error(ExitCode::usage, fmt::format("unknown protocol option \"{}\"", key),
                "it would be ignored", advice_for(key, keys));
  }
  const auto name = std::ranges::find(option->names, value);
  if (name == option->names.end()) {
    throw Error(ExitCode::usage, fmt::format("protocol option {} = \"{}\"", key, value),
                "there is no such value",
                fmt::format("use one of: {}", fmt::join(option->names, ", ")));
  }
  option->set(protocol, static_cast<std::size_t>(name - option->names.begin()));
}

std::vector<std::pair<std::string, std::string>> options_of(const Protocol& protocol) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Option& option : all_options())
    pairs.emplace_back(option.key, option.names.at(option.get(protocol)));
  pairs.emplace_back(kSeed, std::to_string(protocol.seed));
  return pairs;
}

}  // namespace litebench::protocol
