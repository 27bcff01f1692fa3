#pragma once
// A folder that vanishes with the test, and a catcher of the errors users see.

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::test {

class Scratch {
 public:
  Scratch() {
    std::random_device random;
    do {
      path_ =
          std::filesystem::temp_directory_path() / ("litebench-test-" + std::to_string(random()));
    } while (!std::filesystem::create_directories(path_));
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Scratch& operator=(Scratch&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(std::string_view name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

struct Refusal {
  ExitCode code = ExitCode::complete;
  std::string text;
};

/// The Error `action` ends with; a test failure when it ends well.
inline Refusal refusal_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

}  // namespace litebench::test
