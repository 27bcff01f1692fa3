// `litebench list WHAT`; `list methods --markdown` is the page docs/methods.md

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/cli/command.hpp"
#include "harness/cli/programs.hpp"
#include "model/geometry.hpp"
#include "shards/protocol/protocol.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::cli {
namespace {

void list_datasets() {
  for (const std::string& name : refer::dataset_names()) {
    const refer::DatasetFiles files = refer::files_of(name);
    fmt::print("{:<12}{}  {}\n", name, files.refs.string(), files.instances.string());
  }
}

void list_profiles() {
  for (const std::string& name : protocol::profile_names()) {
    fmt::print("{}\n", name);
    for (const auto& [key, value] : protocol::options_of(protocol::profile(name))) {
      fmt::print("    {:<16}{}\n", key, value);
    }
  }
}

void list_geometries() {
  for (const std::string& name : model::geometry_names()) {
    const model::Geometry g = model::named_geometry(name);
    fmt::print("{:<12}LLM {}x{}  CLIP {}x{}  text {}x{}  SAM {}x{} at {}\n", name, g.llama.hidden,
               g.llama.layers, g.vision.hidden, g.vision.layers, g.text.hidden, g.text.layers,
               g.sam.dim, g.sam.depth, g.sam.image);
  }
}

}  // namespace

int list_command(const Arguments& arguments) {
  const bool markdown = arguments == Arguments{"methods", "--markdown"};
  const std::string what = markdown || arguments.size() == 1 ? arguments.front() : "";
  if (what == "datasets") {
    list_datasets();
  } else if (what == "profiles") {
    list_profiles();
  } else if (what == "geometries") {
    list_geometries();
  } else if (what == "methods") {
    point_to_libtorch();
    Arguments all = {"list-methods"};
    if (markdown) all.emplace_back("--markdown");
    exec(sibling("litebench-run"), all);
  } else {
    throw Error(ExitCode::usage, "cannot list that", "litebench list takes one word",
                "use methods, datasets, profiles or geometries");
  }
  return 0;
}

}  // namespace litebench::cli
