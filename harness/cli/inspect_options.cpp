#include "harness/cli/inspect_options.hpp"

#include <charconv>
#include <sstream>

#include <fmt/core.h>
#include <boost/program_options.hpp>

#include "base/error.hpp"

namespace litebench::cli {
namespace {

namespace po = boost::program_options;

std::string_view word_of(Inspection what) { return what == Inspection::dump ? "dump" : "show"; }

po::options_description describe(Inspection what) {
  po::options_description options("Options");
  auto add = options.add_options();
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>()->composing(); };
  add("config", text(), "the sweep (TOML), for checkpoints, data and protocol");
  add("set", texts(), "table.key=value, overrides the file; repeatable");
  add("image", texts(), "image id, or several with commas between");
  if (what == Inspection::dump) {
    add("limit", po::value<std::int64_t>(), "instead of --image: the first images of every split");
    add("output", text(), "the HDF5 file to make");
  } else {
    add("method", texts(),
        "variants as tables spell them, with commas between: litelvlm@64,trim@64");
    add("conversation", po::value<std::int64_t>(), "which one of the image's, from 0");
    add("output", text(), "the PNG file to make");
  }
  return options;
}

[[noreturn]] void refuse(Inspection what, std::string_view reason) {
  throw Error(ExitCode::usage, fmt::format("cannot {}", word_of(what)), reason,
              fmt::format("see litebench {} --help", word_of(what)));
}

po::variables_map parse(Inspection what, const std::vector<std::string>& arguments) {
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(arguments)
            .options(describe(what))
            .positional({})
            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
            .run(),
        values);
  } catch (const po::error& error) {
    refuse(what, error.what());
  }
  return values;
}

/// The parts between commas; commas inside of brackets belong to a part.
std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> parts;
  for (const std::string& list : lists) {
    parts.emplace_back();
    int depth = 0;
    for (const char c : list) {
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (c == ',' && depth <= 0) {
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
  }
  return parts;
}

std::int64_t image_id(Inspection what, const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size())
    refuse(what, fmt::format("image id \"{}\" is no number", text));
  return id;
}

std::vector<std::string> texts(const po::variables_map& values, const char* name) {
  return values.count(name) > 0 ? split(values[name].as<std::vector<std::string>>())
                                : std::vector<std::string>();
}

}  // namespace

InspectOptions parse_inspect_options(Inspection what, const std::vector<std::string>& arguments) {
  const po::variables_map values = parse(what, arguments);
  InspectOptions options;
  for (const auto& [name, text] :
       {std::pair("config", &options.config), std::pair("output", &options.output)}) {
    if (values.count(name) == 0) refuse(what, fmt::format("--{} is missing", name));
    *text = values[name].as<std::string>();
  }
  if (values.count("set") > 0)
    options.overrides.assignments = values["set"].as<std::vector<std::string>>();
  for (const std::string& text : texts(values, "image"))
    options.images.push_back(image_id(what, text));
  for (const std::string& id : texts(values, "method"))
    options.variants.push_back(unit::parse_variant(id));
  if (values.count("limit") > 0) options.overrides.limit = values["limit"].as<std::int64_t>();
  if (values.count("conversation") > 0)
    options.conversation = values["conversation"].as<std::int64_t>();
  if (what == Inspection::show && options.images.size() != 1)
    refuse(what, "a picture is of one image: give --image ID");
  if (what == Inspection::dump && options.images.empty() &&
      options.overrides.limit.value_or(0) <= 0)
    refuse(what, "--image or --limit says of which images");
  return options;
}

std::string inspect_options_help(Inspection what) {
  std::ostringstream out;
  out << describe(what);
  return out.str();
}

}  // namespace litebench::cli
