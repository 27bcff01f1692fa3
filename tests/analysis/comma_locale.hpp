#pragma once
// A world that writes 1,5 and 1.234: what every number-printing and number-reading call must not care about.

#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <locale>
#include <sstream>
#include <string>

#include <fmt/core.h>
#include <unistd.h>

namespace litebench::test {

/// While it lives, the C and the C++ locale of the process are German. The C one is compiled into a folder of its own, so
/// that no locale need be installed; `c()` says whether that worked (it takes localedef and Debian's package locales).
class CommaLocale {
 public:
  CommaLocale()
      : folder_(std::filesystem::temp_directory_path() / fmt::format("comma-{}", ::getpid())),
        c_before_(std::setlocale(LC_ALL, nullptr)) {
    std::filesystem::create_directories(folder_);
    const std::string command =
        fmt::format("localedef --no-archive -i de_DE -f UTF-8 '{}/de_DE.UTF-8' >/dev/null 2>&1",
                    folder_.string());
    if (std::system(command.c_str()) == 0) {
      ::setenv("LOCPATH", folder_.c_str(), 1);
      c_ = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr &&
           std::string(std::localeconv()->decimal_point) == ",";
    }
    before_ = std::locale::global(std::locale(std::locale::classic(), new Commas));
    if (c_) std::setlocale(LC_ALL, "de_DE.UTF-8");  // a named C++ locale would have reset it
  }
  ~CommaLocale() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, c_before_.c_str());
    ::unsetenv("LOCPATH");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

  [[nodiscard]] bool c() const { return c_; }
  /// 1.5 through printf and through a stream: "1,5 1,5" here.
  [[nodiscard]] static std::string proof() {
    std::array<char, 16> by_printf{};
    std::snprintf(by_printf.data(), by_printf.size(), "%.1f", 1.5);
    std::ostringstream by_stream;
    by_stream << 1.5;
    return std::string(by_printf.data()) + " " + by_stream.str();
  }

 private:
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };

  std::filesystem::path folder_;
  std::string c_before_;
  std::locale before_;
  bool c_ = false;
};

}  // namespace litebench::test
