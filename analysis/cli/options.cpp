#include "analysis/cli/options.hpp"

#include <iostream>

#include <fmt/core.h>

namespace litebench::analysis::cli {

void refuse(std::string_view problem, std::string_view reason) {
  throw Error(ExitCode::usage, problem, reason, "see litebench-reduce --help");
}

Parsed parse(const Arguments& arguments, po::options_description options, std::string_view usage) {
  options.add_options()("help", "print this");
  po::options_description all;
  all.add(options).add_options()("words", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("words", -1);
  Parsed parsed;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(positional).run(),
              parsed.values);
  } catch (const po::error& error) {
    refuse("cannot read the command line", error.what());
  }
  if (parsed.has("words")) parsed.words = parsed.values["words"].as<std::vector<std::string>>();
  parsed.help = parsed.has("help");
  if (parsed.help) std::cout << "litebench-reduce " << usage << "\n\n" << options;
  return parsed;
}

void expect_words(const Parsed& parsed, std::size_t count, std::string_view wanted) {
  if (parsed.words.size() == count) return;
  refuse(fmt::format("{} words are given", parsed.words.size()), fmt::format("wanted: {}", wanted));
}

}  // namespace litebench::analysis::cli
