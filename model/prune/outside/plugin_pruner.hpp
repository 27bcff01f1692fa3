#pragma once
// `plugin:FILE.so`: a method in a shared object behind the C entry point of model/prune/plugin.h.

#include <filesystem>
#include <memory>

#include "model/prune/pruner.hpp"

namespace litebench::prune {

/// A loaded shared object, shared by the budgets it is asked for.
class Plugin;

/// Throws Error{usage} for a file that cannot be loaded, has no entry point or speaks another
/// version.
std::shared_ptr<const Plugin> load_plugin(const std::filesystem::path& file);

std::shared_ptr<const Pruner> plugin_pruner(std::int64_t tokens,
                                            std::shared_ptr<const Plugin> plugin);

}  // namespace litebench::prune
