#include "harness/evaluate/keys.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "shards/unit/file_hashes.hpp"

namespace litebench::evaluate {
namespace {

namespace fs = std::filesystem;

/// Content hashes of a checkpoint folder's weights, configuration and tokenizer files; the name
/// itself for random weights.
std::string checkpoint_key(unit::FileHashes& hashes, const std::string& checkpoint) {
  if (checkpoint.starts_with("random:")) return checkpoint;
  std::vector<fs::path> files;
  if (fs::is_regular_file(checkpoint)) files.push_back(checkpoint);
  if (fs::is_directory(checkpoint)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(checkpoint)) {
      const std::string kind = entry.path().extension().string();
      if (kind == ".bin" || kind == ".safetensors" || kind == ".json" || kind == ".model" ||
          kind == ".txt") {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  std::string key;
  for (const fs::path& file : files) {
    key += fmt::format("{}:{:016x} ", file.filename().string(), hashes.of(file));
  }
  return key;
}

/// The annotation files of every data set a split names.
std::string data_key(unit::FileHashes& hashes, const config::Config& config) {
  std::vector<std::string> names;
  for (const std::string& split : config.splits) names.push_back(split.substr(0, split.find('/')));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string key;
  for (const std::string& name : names) {
    const refer::DatasetFiles files = refer::files_in(config.root, name);
    key +=
        fmt::format("{}:{:016x}:{:016x} ", name, hashes.of(files.refs), hashes.of(files.instances));
  }
  return key;
}

}  // namespace

std::string protocol_key(const protocol::Protocol& protocol) {
  std::string key;
  for (const auto& [name, value] : protocol::options_of(protocol))
    key += fmt::format("{}={};", name, value);
  return key;
}

Parts family_parts(const config::Config& config, std::string_view device_kind) {
  unit::FileHashes hashes;
  Parts parts = {{"glamm", checkpoint_key(hashes, config.glamm)},
                 {"clip", checkpoint_key(hashes, config.clip)},
                 {"data", data_key(hashes, config)},
                 {"dtype", std::string(config::name_of(config.dtype))},
                 {"device", std::string(device_kind)},
                 {"threads", std::to_string(config.threads)},
                 {"numeric version", std::to_string(kNumericVersion)}};
  // Only where it differs from what it was before there was a choice: keys of old runs stay.
  if (const model::Compute compute = config::compute_of(config); compute != model::Compute::lean)
    parts.emplace_back("compute", name_of(compute));
  if (config.latency.enabled && config.latency.cuda_graph) parts.emplace_back("CUDA graphs", "yes");
  return parts;
}

Parts pack_parts(const config::Config& config) {
  Parts parts;
  std::vector<std::string> variants;
  for (const config::SweptVariant& swept : config.variants) {
    const std::string later = swept.first_seed > 0 ? fmt::format("+{}", swept.first_seed) : "";
    variants.push_back(fmt::format("{}x{}{}", unit::id_of(swept.variant), swept.seeds, later));
  }
  parts.emplace_back("variants", fmt::format("{}", fmt::join(variants, " ")));
  std::string outside;  // in full: ids have the beginning of the hash
  for (const config::SweptVariant& swept : config.variants) {
    if (!swept.variant.file.empty())
      outside += fmt::format("{}:{} ", swept.variant.method, swept.variant.content);
  }
  if (!outside.empty()) parts.emplace_back("methods from outside", outside);
  std::string protocols;
  for (const protocol::Protocol& protocol : config.protocols)
    protocols += protocol_key(protocol) + " ";
  parts.emplace_back("protocols", protocols);
  const std::string replay =
      config.replay.empty() ? "none" : fmt::format("{:016x}", unit::hash_file(config.replay));
  parts.emplace_back("replay", replay);
  parts.emplace_back("prompts_per_decode", std::to_string(config.prompts_per_decode));
  parts.emplace_back("rows_per_pack", std::to_string(config.rows_per_pack));
  // Runs that were begun before there were groups can be continued.
  if (config.images_per_bundle > 1)
    parts.emplace_back("images_per_bundle", std::to_string(config.images_per_bundle));
  parts.emplace_back("prompt_tokens", std::to_string(config.prompt_tokens));
  return parts;
}

/// A goal changes how much is done, not what a finished bundle is worth: `repeats` decides that.
std::string latency_key(const config::LatencyPass& pass) {
  if (!pass.enabled) return "no";
  const std::string least = fmt::format("{} images, {} repeats", pass.images, pass.repeats);
  return pass.adaptive() ? fmt::format("{}, up to {} for {}", least, pass.repeats_max, pass.goal)
                         : least;
}

Parts plan_parts(const config::Config& config) {
  return {{"splits", fmt::format("{}", fmt::join(config.splits, " "))},
          {"limit", std::to_string(config.limit)},
          {"accuracy", config.accuracy ? "yes" : "no"},
          {"latency", latency_key(config.latency)}};
}

}  // namespace litebench::evaluate
