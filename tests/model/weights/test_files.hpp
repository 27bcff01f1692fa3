#pragma once
// Checkpoints that a test may damage: the golden ones converted to safetensors in a folder of the test's own.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::model::test {

inline constexpr const char* kGlamm = "tests/golden/tiny/glamm";
inline constexpr const char* kClip = "tests/golden/tiny/clip";

/// A tensor of the copy, free to be changed before it is written. An empty name leaves it out.
struct Editable {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;
};

/// A folder that is removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Writes `source` in `dtype` into `folder` after `edit` has seen every tensor.
void write_edited(const std::string& source, const std::string& folder, DType dtype,
                  const std::function<void(Editable&)>& edit);

}  // namespace litebench::model::test
