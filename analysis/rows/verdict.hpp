#pragma once
// May the numbers be quoted? Judged from rows alone (design §6).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/rows/pairing.hpp"
#include "analysis/rows/run.hpp"
#include "base/error.hpp"

namespace litebench::analysis {

enum class State : std::uint8_t { valid, partial, invalid };
std::string_view name_of(State state);  ///< VALID, PARTIAL, INVALID

struct Verdict {
  State state = State::valid;
  std::string line;  ///< one line, stands above every table
  std::int64_t planned_bundles = 0, done_bundles = 0, units = 0, audited_bundles = 0;
  std::vector<std::string> reasons;  ///< why it is not VALID
  std::vector<std::string> missing;  ///< per split and pass: how many images, and the first of them
  std::vector<std::string> excluded;  ///< samples left out of all variants, with status and message
  std::vector<std::string> infeasible;  ///< empty cells
  std::vector<std::string>
      notes;            ///< damaged or unreadable shards whose rows were found elsewhere, …
  std::string command;  ///< continues the run; "" when that would give nothing new
};

Verdict judge(const Run& run, const Pairing& pairing);

ExitCode exit_code(const Verdict& verdict);

/// The file RUN/verdict.json.
std::string to_json(const Verdict& verdict, const Run& run);

}  // namespace litebench::analysis
