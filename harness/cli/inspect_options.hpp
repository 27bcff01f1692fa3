#pragma once
// The command line of `litebench dump` and `litebench show`, shared with `litebench-run`.

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/config.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::cli {

enum class Inspection : std::uint8_t { dump, show };

struct InspectOptions {
  std::string config;
  config::Overrides overrides;
  std::vector<std::int64_t> images;     ///< empty (dump only): those of --limit
  std::vector<unit::Variant> variants;  ///< show; empty: the configuration's
  std::int64_t conversation = 0;        ///< show: which of the image's
  std::string output;
};

/// Throws Error{usage} for unknown options and missing or unreadable values.
InspectOptions parse_inspect_options(Inspection what, const std::vector<std::string>& arguments);

std::string inspect_options_help(Inspection what);

}  // namespace litebench::cli
