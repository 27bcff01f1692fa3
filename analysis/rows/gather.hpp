#pragma once
// Several runs become one: their shards side by side in a folder of its own.

#include <filesystem>
#include <vector>

namespace litebench::analysis {

/// Name of the file that lists the runs a folder was merged from.
inline constexpr const char* kMergedFrom = "merged.json";

/// Links (or copies, across file systems) the shards of `runs` into `output`/shards and lists the runs in
/// `output`/merged.json. Doing it again adds what is new. Throws Error{data} when runs are not of one family, naming what
/// differs, or when two shards of one name are not the same; Error{usage} when the output is one of the runs; Error{io}.
void gather_shards(const std::vector<std::filesystem::path>& runs,
                   const std::filesystem::path& output);

}  // namespace litebench::analysis
