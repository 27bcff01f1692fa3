#include "harness/evaluate/packs.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace litebench::evaluate {
namespace {

struct Seeds {
  std::int32_t first = 0, count = 1;
};

Seeds seeds_of(const store::FoundPack& pack, std::size_t variant) {
  if (variant >= pack.variant_json.size()) return {};
  const auto json = nlohmann::json::parse(pack.variant_json[variant], nullptr, false);
  if (!json.is_object()) return {};
  return {json.value("first_seed", 0), json.value("seeds", 1)};
}

PackedVariant locate(const config::Config& config, const store::FoundPack& pack,
                     std::size_t variant) {
  const std::string& id = pack.variants[variant];
  const auto& all = config.variants;
  const auto found = std::find_if(all.begin(), all.end(), [&](const config::SweptVariant& swept) {
    return unit::id_of(swept.variant) == id;
  });
  if (found == all.end()) {
    store::refuse_resume("pack", pack.shard,
                         fmt::format("{} was computed and is not in the configuration any more", id));
  }
  const Seeds seeds = seeds_of(pack, variant);
  if (seeds.first + seeds.count > found->seeds) {
    store::refuse_resume("pack", pack.shard,
                         fmt::format("{}: {} seeds then, {} now", id, seeds.first + seeds.count,
                                     found->seeds));
  }
  return {static_cast<std::int32_t>(found - all.begin()), seeds.first, seeds.count};
}

/// Everything a pack depends on but its list of variants, which may grow.
void check_options(const config::Config& config, const PackedVariants& variants,
                   const store::FoundPack& pack) {
  const std::vector<std::string> lines =
      store::differences(pack.parts, pack_parts(config_of(config, variants)));
  if (!lines.empty())
    store::refuse_resume("pack", pack.shard, fmt::format("{}", fmt::join(lines, "; ")));
}

}  // namespace

config::Config config_of(const config::Config& whole, const PackedVariants& pack) {
  config::Config config = whole;
  config.variants.clear();
  for (const PackedVariant& packed : pack) {
    config.variants.push_back(whole.variants[static_cast<std::size_t>(packed.variant)]);
    config.variants.back().first_seed = packed.first_seed;
    config.variants.back().seeds = packed.seeds;
  }
  return config;
}

std::vector<PackedVariants> packs_of(const config::Config& config,
                                     const std::vector<store::FoundPack>& found) {
  std::vector<PackedVariants> packs;
  std::vector<std::int32_t> covered(config.variants.size(), 0);  // seeds that some pack has
  for (const store::FoundPack& pack : found) {
    PackedVariants& variants = packs.emplace_back();
    for (std::size_t v = 0; v < pack.variants.size(); ++v) {
      const PackedVariant packed = locate(config, pack, v);
      std::int32_t& seeds = covered[static_cast<std::size_t>(packed.variant)];
      seeds = std::max(seeds, packed.first_seed + packed.seeds);
      variants.push_back(packed);
    }
    check_options(config, variants, pack);
  }
  PackedVariants added;
  for (std::size_t v = 0; v < covered.size(); ++v) {
    const std::int32_t left = config.variants[v].seeds - covered[v];
    if (left > 0) added.push_back({static_cast<std::int32_t>(v), covered[v], left});
  }
  if (!added.empty()) packs.push_back(added);
  return packs;
}

}  // namespace litebench::evaluate
