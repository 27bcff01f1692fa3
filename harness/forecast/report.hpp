#pragma once
// The part of `litebench plan` that predicts: measures what is not known, prints, writes JSON.

#include <filesystem>

#include "harness/forecast/operators.hpp"

namespace litebench::forecast {

struct ReportOptions {
  std::filesystem::path rates;  ///< empty: the user's cache
  std::filesystem::path json;   ///< empty: none
};

/// Throws Error{data} for a given file of rates that does not fit, Error{io} when a given file
/// cannot be written.
void print_forecast(const Subject& subject, const ReportOptions& options);

}  // namespace litebench::forecast
