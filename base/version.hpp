#pragma once
// What this build was made of. Goes into `--version`, `doctor` and every result file.

#include <string>
#include <string_view>

namespace litebench {

struct BuildInfo {
  std::string_view version;
  std::string_view
      commit;  ///< 12 hex digits, "-dirty" after them for local changes; "unknown" outside a checkout
  std::string_view compiler;
  std::string_view build_type;
  std::string_view torch;
  std::string_view mpi;
  std::string_view hdf5;
  std::string_view cuda;  ///< toolkit and architectures, or why there is no CUDA half
};

const BuildInfo& build_info();

/// The text of `PROGRAM --version`: one `name value` line each, newline at the end.
std::string version_text(std::string_view program);

}  // namespace litebench
