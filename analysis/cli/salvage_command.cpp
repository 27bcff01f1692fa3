// litebench-reduce salvage SHARD...

#include <iostream>

#include <fmt/core.h>

#include "analysis/cli/commands.hpp"
#include "shards/store/salvage.hpp"

namespace litebench::analysis::cli {

ExitCode salvage_command(const Arguments& shards) {
  if (shards.empty() || shards.front().starts_with("--")) {
    throw Error(ExitCode::usage, "cannot salvage", "no shard is given",
                "litebench-reduce salvage RUN/shards/NAME.h5...");
  }
  for (const std::string& shard : shards) {
    const store::Salvage result = store::salvage(shard);
    std::cout << fmt::format("{}: {} bundles saved, {} lost\n  saved into   {}\n  damaged file {}\n",
                             shard, result.bundles, result.lost_bundles, result.saved.string(),
                             result.aside.string())
              << std::flush;
  }
  std::cout << "The next start of the run does the lost bundles again.\n";
  return ExitCode::complete;
}

}  // namespace litebench::analysis::cli
