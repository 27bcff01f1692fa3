// Any bytes either become a tree of bounded depth or Error{data}; nothing else may happen.
#include <cstdlib>

#include "base/error.hpp"
#include "base/pickle.hpp"

using namespace litebench;

namespace {

/// Walks the tree by recursion, as readers of pickles may. A value that is reached twice is walked
/// once per list it is in, so the walk stops after a while: shared values can make a tree
/// exponentially larger than its file.
std::size_t walk(const pickle::Node& node, std::size_t budget) {
  for (const pickle::Node* item : node.items) {
    if (budget == 0) return 0;
    if (item->depth >= node.depth) std::abort();
    budget = walk(*item, budget - 1);
  }
  return budget;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kAllowed[] = {"collections OrderedDict", "torch FloatStorage"};
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const auto document =
        pickle::parse(bytes, "fuzz", kAllowed, {.max_nodes = 10'000, .max_depth = 50});
    walk(*document.root, 10'000);
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
