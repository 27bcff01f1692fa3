#pragma once
// Values of methods' options: which texts are allowed, and what they stand for. A value has one
// spelling, because the spelling is part of the variant's id.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace litebench::prune {

enum class OptionKind : std::uint8_t {
  choice,   ///< one of a closed list
  integer,  ///< 2
  number,   ///< 0.5
  layers,   ///< 2-8-16: ascending layers
};

struct MethodOption {
  std::string name, help;
  std::vector<std::string>
      values;  ///< choice: all that are allowed; else examples. First: default,
               ///< which for layers may be a word
  OptionKind kind = OptionKind::choice;
  double min = 0, max = 0;  ///< bounds of integers, numbers and layers, both allowed
};

/// Option values after validation: every option of the method is present.
using Options = std::map<std::string, std::string>;

/// Empty when `value` is allowed and spelled as it should be, else why not and what to do.
struct ValueProblem {
  std::string reason, action;
};
ValueProblem problem_of(const MethodOption& option, const std::string& value);

/// What validated values stand for.
std::int64_t integer_of(const Options& options, const std::string& name);
double number_of(const Options& options, const std::string& name);
std::vector<std::int64_t> layers_of(const Options& options, const std::string& name);

}  // namespace litebench::prune
