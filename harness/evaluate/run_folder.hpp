#pragma once
// The folder of a run: RUN/{config.toml, shards, tables}. Made by rank 0, opened by all.

#include <filesystem>
#include <string>

namespace litebench::evaluate {

/// Creates the folders. Throws Error{io} when that fails.
void make_run_folder(const std::filesystem::path& run);

/// Moves an old run to RUN.old-<time> (never deletes). A folder without shards is no run and stays.
/// Throws Error{io}.
void move_aside(const std::filesystem::path& run);

/// Writes a small file through a temporary and a rename. Throws Error{io}.
void write_file(const std::filesystem::path& path, const std::string& text);

/// Throws Error{io} when the file system of the run has less room than the plan is likely to fill.
void check_space(const std::filesystem::path& run, std::uint64_t needed_bytes);

}  // namespace litebench::evaluate
