#include "model/checkpoint/remark.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace litebench::model {

std::string read_remark(const std::filesystem::path& dir) {
  const auto file = dir / "config.json";
  const auto document = json::Document::load(file);
  const auto value = document.root().find("litebench_remark");
  if (!value || value->is_null()) return {};
  std::string remark(value->as_string());
  const bool line = std::none_of(remark.begin(), remark.end(),
                                 [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!line || remark.size() > kLongestRemark) {
    throw Error(ExitCode::data, fmt::format("cannot repeat the remark of {}", file.string()),
                line ? fmt::format("litebench_remark has {} bytes", remark.size())
                     : "litebench_remark has control characters",
                fmt::format("make it one line of at most {} bytes", kLongestRemark));
  }
  return remark;
}

}  // namespace litebench::model
