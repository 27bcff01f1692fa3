#include "harness/evaluate/run_folder.hpp"

#include <ctime>
#include <fstream>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::evaluate {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string_view problem, const fs::path& path,
                         const std::error_code& error) {
  throw Error(ExitCode::io, fmt::format("{} {}", problem, path.string()), error.message(),
              "choose another run.output or free the place");
}

}  // namespace

void make_run_folder(const fs::path& run) {
  for (const fs::path& folder : {run, run / "shards", run / "tables"}) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) refuse("cannot create", folder, error);
  }
  if (::access((run / "shards").c_str(), W_OK) != 0) {
    refuse("cannot write to", run / "shards", std::error_code(errno, std::generic_category()));
  }
}

void move_aside(const fs::path& run) {
  if (!fs::exists(run / "shards")) return;
  const std::string stamp = fmt::format("{:%Y%m%dT%H%M%S}", fmt::gmtime(std::time(nullptr)));
  fs::path aside = (run / "").parent_path();  // without a slash at the end
  aside += fmt::format(".old-{}", stamp);
  std::error_code error;
  fs::rename(run, aside, error);
  if (error) refuse("cannot move aside", run, error);
}

void write_file(const fs::path& path, const std::string& text) {
  fs::path temporary = path;
  temporary += fmt::format(".tmp{}", ::getpid());
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (!out) {
    fs::remove(temporary, error);
    refuse("cannot write", path, std::make_error_code(std::errc::io_error));
  }
  fs::rename(temporary, path, error);
  if (error) refuse("cannot write", path, error);
}

void check_space(const fs::path& run, std::uint64_t needed_bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(run, error);
  if (error || space.available >= needed_bytes) return;
  throw Error(ExitCode::io, fmt::format("not enough room in {}", run.string()),
              fmt::format("about {} MB will be written, {} MB are free",
                          needed_bytes / 1'000'000 + 1, space.available / 1'000'000),
              "free space or choose another run.output");
}

}  // namespace litebench::evaluate
