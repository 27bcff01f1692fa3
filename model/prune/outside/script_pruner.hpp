#pragma once
// `torchscript:FILE`: a scripted module that chooses tokens. The one door to LibTorch's interpreter.

#include <filesystem>
#include <memory>

#include <c10/core/Device.h>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// A loaded module, shared by the budgets it is asked for.
class Script;

/// Throws Error{data} for a file that is no TorchScript archive, Error{usage} for a module without
/// a forward() of arguments that litebench knows (docs/outside-methods.md).
std::shared_ptr<const Script> load_script(const std::filesystem::path& file, c10::Device device);

std::shared_ptr<const Pruner> script_pruner(std::int64_t tokens,
                                            std::shared_ptr<const Script> script);

}  // namespace litebench::prune
