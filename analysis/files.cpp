#include "analysis/files.hpp"

#include <fstream>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::analysis {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view reason) {
  throw Error(ExitCode::io, fmt::format("cannot write {}", path.string()), reason,
              "check space and permissions, or name another folder with --output");
}

}  // namespace

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) refuse(folder, error.message());
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) refuse(path, "the file system refused the data");
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) refuse(path, error.message());
}

}  // namespace litebench::analysis
