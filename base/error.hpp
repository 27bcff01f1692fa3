#pragma once
// What goes wrong at a border (file, configuration, checkpoint, network), and with which exit code the program ends.

#include <stdexcept>
#include <string>
#include <string_view>

namespace litebench {

/// Exit codes of every litebench program (sysexits.h where a code exists).
enum class ExitCode : int {
  complete = 0,
  worse = 1,       ///< a comparison's answer: B is worse than A, or not what was published
  ambiguous = 2,   ///< a comparison's answer: the data cannot tell
  incomplete = 3,  ///< resumable: graceful stop or lost units
  usage = 64,      ///< command line or configuration
  data = 65,       ///< bad data set or checkpoint
  io = 74,         ///< disk full, unwritable, unreadable
  restart = 75,    ///< device lost, this rank must be started again
};

/// An error a user can act upon. `what()` reads `problem (reason) advice`.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, std::string_view problem, std::string_view reason, std::string_view advice);
  /// One that another process met: `what` is all of its sentence.
  Error(ExitCode code, const std::string& what) : std::runtime_error(what), code_(code) {}

  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

}  // namespace litebench
