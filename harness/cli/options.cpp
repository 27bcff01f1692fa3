#include "harness/cli/options.hpp"

#include <sstream>

#include <fmt/core.h>
#include <boost/program_options.hpp>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace litebench::cli {
namespace {

namespace po = boost::program_options;

po::options_description describe() {
  po::options_description options("Options of a run");
  auto add = options.add_options();
  const auto text = [] { return po::value<std::string>(); };
  add("config", text(), "the sweep (TOML); docs/configuration.md explains every key");
  add("set", po::value<std::vector<std::string>>()->composing(),
      "table.key=value, overrides the file; repeatable");
  add("output", text(), "run folder (run.output)");
  add("limit", po::value<std::int64_t>(), "images per split (run.limit)");
  add("fresh", "move an old run in that folder aside and start anew");
  add("retry", "also try again what ended two attempts (poisoned, timeout)");
  add("dry-run", "expand the matrix, check files and models, start nothing");
  add("no-forecast", "with --dry-run: counts only, measure and predict nothing");
  add("rates", text(), "with --dry-run: file of operator rates; measured and written if not there");
  add("forecast", text(), "with --dry-run: also write the predictions there (JSON)");
  add("no-reduce", "do not make tables at the end");
  add("log-level", text()->default_value("info"), "info, or quiet: no progress line");
  add("version", "versions of litebench and of what it was built with");
  add("help", "this text");
  return options;
}

LogLevel log_level(const std::string& name) {
  if (name == "quiet") return LogLevel::quiet;
  if (name == "info") return LogLevel::info;
  throw Error(ExitCode::usage, fmt::format("unknown log level \"{}\"", name),
              "--log-level takes two words", "use quiet or info");
}

std::string advice_for(const std::string& argument) {
  std::vector<std::string> known;
  const po::options_description all = describe();
  for (const auto& option : all.options()) known.push_back("--" + option->long_name());
  const std::string near = nearest(argument, known);
  return near.empty() ? "see litebench --help" : fmt::format("did you mean {}?", near);
}

po::variables_map parse(const std::vector<std::string>& arguments) {
  po::variables_map values;
  try {
    po::store(
        po::command_line_parser(arguments)
            .options(describe())
            .positional({})
            .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
            .run(),
        values);
  } catch (const po::unknown_option& error) {
    throw Error(ExitCode::usage, fmt::format("unknown option {}", error.get_option_name()),
                "litebench has no such option", advice_for(error.get_option_name()));
  } catch (const po::error& error) {
    throw Error(ExitCode::usage, "cannot read the command line", error.what(),
                "see litebench --help");
  }
  return values;
}

}  // namespace

RunOptions parse_run_options(const std::vector<std::string>& arguments) {
  const po::variables_map values = parse(arguments);
  RunOptions options;
  options.help = values.count("help") > 0;
  options.version = values.count("version") > 0;
  if (values.count("config") > 0) options.config = values["config"].as<std::string>();
  if (values.count("set") > 0)
    options.overrides.assignments = values["set"].as<std::vector<std::string>>();
  if (values.count("output") > 0) options.overrides.output = values["output"].as<std::string>();
  if (values.count("limit") > 0) options.overrides.limit = values["limit"].as<std::int64_t>();
  options.fresh = values.count("fresh") > 0;
  options.retry = values.count("retry") > 0;
  options.dry_run = values.count("dry-run") > 0;
  options.forecast = values.count("no-forecast") == 0;
  if (values.count("rates") > 0) options.rates = values["rates"].as<std::string>();
  if (values.count("forecast") > 0) options.forecast_file = values["forecast"].as<std::string>();
  options.reduce = values.count("no-reduce") == 0;
  options.log_level = log_level(values["log-level"].as<std::string>());
  if (options.overrides.limit.value_or(0) < 0) {
    throw Error(ExitCode::usage, "cannot use --limit", "it is negative",
                "give the number of images per split");
  }
  return options;
}

std::string run_options_help() {
  std::ostringstream out;
  out << describe();
  return out.str();
}

}  // namespace litebench::cli
