#pragma once
// One number of a table, from the rows up.

#include <string>
#include <string_view>

#include "analysis/audit/dossier.hpp"

namespace litebench::analysis::audit {

struct ExplainOptions {
  std::size_t shown_rows = 12;  ///< rows printed one by one; the others are counted
};

/// What is printed, the formula with its numbers, the rows and what was left out, what others printed and why that may
/// differ. Throws Error{usage} for an unknown address.
std::string explain(const Dossier& dossier, std::string_view address,
                    const ExplainOptions& options);

}  // namespace litebench::analysis::audit
