#pragma once
// What whoever made a checkpoint wants said wherever its numbers are shown.

#include <filesystem>
#include <string>

namespace litebench::model {

inline constexpr std::size_t kLongestRemark = 300;  ///< bytes; it becomes a part of every caption

/// `litebench_remark` of the config.json in `dir`, "" where there is none. Throws Error{data} for one that is no line of
/// text of at most kLongestRemark bytes.
std::string read_remark(const std::filesystem::path& dir);

}  // namespace litebench::model
