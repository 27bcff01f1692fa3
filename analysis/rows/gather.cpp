#include "analysis/rows/gather.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "analysis/files.hpp"
#include "analysis/rows/families.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "shards/store/shard.hpp"

namespace litebench::analysis {
namespace {

namespace fs = std::filesystem;

/// The start record of the first shard that has one.
store::Provenance provenance_of(const fs::path& run) {
  const std::vector<fs::path> shards = store::shards_of(run);
  for (const fs::path& shard : shards) {
    try {
      return store::read_shard(shard, store::Rows::commits_only).provenance;
    } catch (const Error&) {
      // The reduction names the ones it cannot read.
    }
  }
  throw Error(
      ExitCode::data, fmt::format("{} holds no readable shard", run.string()),
      shards.empty() ? "there are no files in its folder shards" : "none has a start record",
      "give the output folders of runs");
}

void check_families(const std::vector<fs::path>& runs) {
  const store::Provenance first = provenance_of(runs.front());
  for (const fs::path& run : runs) {
    const store::Provenance other = provenance_of(run);
    const std::string difference = family_difference(first.family_parts, other.family_parts);
    if (difference.empty()) continue;
    throw Error(
        ExitCode::data, fmt::format("cannot merge {} and {}", runs.front().string(), run.string()),
        difference,
        "one table has one family: merge runs of the same weights, data, dtype, device kind, "
        "threads and numeric version; litebench-reduce compare sets others side by side");
  }
}

bool same_content(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  return fs::file_size(a) == fs::file_size(b) &&
         hash64(MappedFile(a).bytes()) == hash64(MappedFile(b).bytes());
}

void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error)) {
    if (same_content(from, to)) return;
    throw Error(ExitCode::data, fmt::format("cannot merge {}", from.string()),
                fmt::format("{} is another file of that name", to.string()),
                "merge into a new folder");
  }
  fs::create_hard_link(from, to, error);
  if (!error) return;
  fs::copy_file(from, to, error);
  if (error) {
    throw Error(ExitCode::io, fmt::format("cannot write {}", to.string()), error.message(),
                "check space and permissions");
  }
}

}  // namespace

void gather_shards(const std::vector<fs::path>& runs, const fs::path& output) {
  std::error_code error;
  for (const fs::path& run : runs) {
    if (!fs::is_directory(run, error)) {
      throw Error(ExitCode::io, fmt::format("cannot read {}", run.string()),
                  error ? error.message() : "it is no folder", "give the output folders of runs");
    }
    if (fs::equivalent(run, output, error)) {
      throw Error(ExitCode::usage, fmt::format("cannot merge into {}", output.string()),
                  "it is one of the runs", "name another folder with --output");
    }
  }
  check_families(runs);
  make_folder(output / "shards");
  nlohmann::ordered_json sources = nlohmann::ordered_json::array();
  for (const fs::path& run : runs) {
    for (const fs::path& shard : store::shards_of(run))
      link_or_copy(shard, output / "shards" / shard.filename());
    sources.push_back(fs::proximate(run, output, error).string());
  }
  write_text(output / kMergedFrom,
             nlohmann::ordered_json{{"schema", 1}, {"runs", sources}}.dump(2) + "\n");
}

}  // namespace litebench::analysis
