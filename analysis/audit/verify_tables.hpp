#pragma once
// Printed numbers against rows, and the other formats against the JSON. Private to audit/.

#include "analysis/audit/dossier.hpp"
#include "analysis/audit/verify.hpp"

namespace litebench::analysis::audit {

void check_numbers(const Dossier& dossier, Verification& found);
/// Intervals, p values, marks and labels: tables are made again from results.h5, as the manifest says that they were made.
void check_statistics(const Dossier& dossier, Verification& found);
/// Every file of the manifest is what the writers make of the JSON tables.
void check_files(const Dossier& dossier, Verification& found);

}  // namespace litebench::analysis::audit
