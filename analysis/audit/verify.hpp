#pragma once
// Does what a run's folder says follow from its rows? Every printed number is computed again, every row compared with the
// shard it came from.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace litebench::analysis::audit {

struct VerifyOptions {
  bool without_shards =
      false;           ///< an archive that left them out: rows are held against their hashes alone
  bool masks = false;  ///< count the pixels of every stored mask again
};

struct Verification {
  std::vector<std::string> problems;   ///< what is wrong and where; empty: verified
  std::vector<std::string> notes;      ///< what could not be checked
  std::int64_t numbers = 0;            ///< recomputed and equal
  std::int64_t drawn = 0;              ///< ends of intervals and p values, drawn again and equal
  std::set<std::string> wrong_cells;   ///< addresses that a problem names
  std::int64_t printed_elsewhere = 0;  ///< numbers of others, equal to the published data
  std::int64_t tables = 0, files = 0, shards = 0, rows = 0, masks = 0;
};

/// Reads RUN/results.h5, RUN/tables and RUN/shards; writes nothing. Throws Error{io} when results.h5 or the tables are not
/// there; damage that a reader finds is a problem, not an exception.
Verification verify(const std::filesystem::path& run, const VerifyOptions& options = {});

}  // namespace litebench::analysis::audit
