#include "analysis/audit/verify.hpp"

#include "analysis/audit/verify_rows.hpp"
#include "analysis/audit/verify_tables.hpp"

namespace litebench::analysis::audit {

Verification verify(const std::filesystem::path& run, const VerifyOptions& options) {
  Verification found;
  check_hashes(run, found);
  const Dossier dossier(run);
  if (options.without_shards) {
    found.notes.emplace_back("shards were not looked at: rows are held against their hashes alone");
  } else {
    check_shards(dossier.run, run, found);
  }
  if (options.masks) check_masks(dossier.run, found);
  check_numbers(dossier, found);
  check_statistics(dossier, found);
  check_files(dossier, found);
  return found;
}

}  // namespace litebench::analysis::audit
