#pragma once
// What the commands' command lines have in common.

#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options.hpp>

#include "analysis/cli/commands.hpp"

namespace litebench::analysis::cli {

namespace po = boost::program_options;

[[noreturn]] void refuse(std::string_view problem, std::string_view reason);

/// Options and the words beside them. Throws Error{usage}. `--help` prints usage and options and leaves `help` set.
struct Parsed {
  po::variables_map values;
  std::vector<std::string> words;
  bool help = false;

  [[nodiscard]] bool has(const char* name) const { return values.count(name) > 0; }
  [[nodiscard]] std::string text(const char* name) const {
    return has(name) ? values[name].as<std::string>() : "";
  }
};
Parsed parse(const Arguments& arguments, po::options_description options, std::string_view usage);

/// Exactly so many words, or Error{usage} that names what is wanted.
void expect_words(const Parsed& parsed, std::size_t count, std::string_view wanted);

}  // namespace litebench::analysis::cli
