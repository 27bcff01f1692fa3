#pragma once
// Writing what a reduction leaves.

#include <filesystem>
#include <string>

namespace litebench::analysis {

/// With everything above it. Throws Error{io}.
void make_folder(const std::filesystem::path& folder);

/// Through a temporary beside it: readers never see half a file. Throws Error{io}.
void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace litebench::analysis
