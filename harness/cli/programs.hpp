#pragma once
// Finding and starting the sibling programs `litebench-run` and `litebench-reduce`.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::cli {

/// A program that lies in the folder of the running one. Throws Error{usage} when it is not there.
std::filesystem::path sibling(std::string_view name);

/// Replaces this process. Returns only by throwing Error{io}.
[[noreturn]] void exec(const std::filesystem::path& program,
                       const std::vector<std::string>& arguments);

/// Runs a program to its end with this process's input and output. Its exit code, or 128 + signal.
int run(const std::filesystem::path& program, const std::vector<std::string>& arguments);

/// LD_LIBRARY_PATH gains TORCH_ROOT/lib when the user names a LibTorch, so that an installed tree
/// finds it.
void point_to_libtorch();

}  // namespace litebench::cli
