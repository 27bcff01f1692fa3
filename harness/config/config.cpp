#include "harness/config/config.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "base/toml.hpp"
#include "base/toml_table.hpp"
#include "harness/config/sweep.hpp"

namespace litebench::config {
namespace {

constexpr std::int64_t kMany = 1'000'000'000;

const Node& empty_table() {
  static const Node empty;
  return empty;
}

/// The table under `key`, or an empty one: every table but [model] and [[sweep]] may be left out.
const Node& table_of(TableReader& root, std::string_view key) {
  const Node* node = root.find(key);
  return node != nullptr ? *node : empty_table();
}

/// The entries of `[[key]]`; a single `[key]` table counts as one entry.
std::vector<const Node*> entries_of(TableReader& root, std::string_view key) {
  const Node* node = root.find(key);
  std::vector<const Node*> entries;
  if (node == nullptr) return entries;
  if (node->kind == Kind::table) return {node};
  if (node->kind != Kind::array)
    root.refuse(*node, key, "it is not a table", fmt::format("write [[{}]]", key));
  for (const Node& item : node->items) entries.push_back(&item);
  return entries;
}

template <typename Choice>
Choice choose(TableReader& reader, std::string_view key, Choice fallback,
              std::initializer_list<Choice> all) {
  const std::string wanted = reader.text(key, std::string(name_of(fallback)));
  std::vector<std::string> names;
  for (const Choice choice : all) {
    if (wanted == name_of(choice)) return choice;
    names.emplace_back(name_of(choice));
  }
  reader.refuse(*reader.find(key), key, fmt::format("\"{}\" is no choice", wanted),
                fmt::format("use one of: {}", fmt::join(names, ", ")));
}

void read_run(TableReader& root, Config& config) {
  TableReader reader(table_of(root, "run"), "[run]");
  config.output = reader.text("output", config.output.string());
  config.name = reader.text("name", config.output.filename().string());
  config.seed = reader.integer("seed", config.seed, 0, std::numeric_limits<std::int64_t>::max());
  config.limit = reader.integer("limit", 0, 0, kMany);
  config.bundle_seconds = reader.integer("bundle_seconds", 0, 0, kMany);
  config.quarantine = reader.integer("quarantine", config.quarantine, 0, 1000);
  config.shards = choose(reader, "shards", config.shards,
                         {ShardsChoice::automatic, ShardsChoice::log, ShardsChoice::segments});
  reader.finish();
}

void read_model(TableReader& root, Config& config) {
  TableReader reader(table_of(root, "model"), "[model]");
  config.glamm = reader.text("glamm", "");
  config.clip = reader.text("clip", "");
  config.dtype = choose(reader, "dtype", config.dtype, {DTypeChoice::fp32, DTypeChoice::bf16});
  config.device = choose(reader, "device", config.device,
                         {DeviceChoice::automatic, DeviceChoice::cpu, DeviceChoice::cuda});
  config.broadcast = reader.boolean("broadcast", config.broadcast);
  config.broadcast_seconds =
      reader.integer("broadcast_seconds", config.broadcast_seconds, 1, kMany);
  config.threads = static_cast<std::int32_t>(reader.integer("threads", config.threads, 1, 1024));
  config.prompts_per_decode = static_cast<std::int32_t>(
      reader.integer("prompts_per_decode", config.prompts_per_decode, 1, 4096));
  config.rows_per_pack = static_cast<std::int32_t>(
      reader.integer("rows_per_pack", config.rows_per_pack, 1, 1'000'000));
  config.images_per_bundle = static_cast<std::int32_t>(
      reader.integer("images_per_bundle", config.images_per_bundle, 1, 256));
  config.prompt_tokens =
      static_cast<std::int32_t>(reader.integer("prompt_tokens", config.prompt_tokens, 64, 1024));
  reader.finish();
  if (config.glamm.empty() || config.clip.empty()) {
    throw Error(ExitCode::usage, "cannot start without a model",
                "[model] names no glamm or no clip checkpoint",
                "set model.glamm and model.clip to folders or to random:<geometry>");
  }
  const bool random = config.glamm.starts_with("random:");
  if (random != config.clip.starts_with("random:") || (random && config.glamm != config.clip)) {
    throw Error(ExitCode::usage, fmt::format("cannot pair {} with {}", config.glamm, config.clip),
                "random weights have no tokenizer and one geometry",
                "give both as folders or both as the same random:<geometry>");
  }
}

void read_data(TableReader& root, Config& config) {
  TableReader reader(table_of(root, "data"), "[data]");
  config.root = reader.text("root", "data/Refer_Segm");
  config.splits = reader.texts("splits");
  reader.finish();
  if (config.splits.empty()) config.splits = {"refcoco/val"};
  const std::vector<std::string> known = refer::dataset_names();
  for (const std::string& split : config.splits) {
    const std::size_t slash = split.find('/');
    const std::string dataset = split.substr(0, slash);
    if (slash == std::string::npos ||
        std::find(known.begin(), known.end(), dataset) == known.end()) {
      const std::string near = nearest(dataset, known);
      throw Error(
          ExitCode::usage, fmt::format("cannot use split \"{}\"", split),
          "it is not of the form data set/split",
          near.empty() ? "for example refcoco/val" : fmt::format("did you mean {}/val?", near));
    }
  }
}

/// A protocol entry: a profile, then single options. Every option takes one value or a list; lists
/// are sweep axes.
void read_protocol_entry(const Node& entry, Config& config) {
  TableReader reader(entry, "[[protocol]]");
  const std::string profile = reader.text("profile", "upstream-compatible");
  const std::string replay = reader.text("replay", "");
  if (!replay.empty() && !config.replay.empty() && config.replay != replay) {
    throw Error(ExitCode::usage, fmt::format("cannot replay {}", replay),
                fmt::format("another [[protocol]] replays {}", config.replay.string()),
                "give all of a run the same replay");
  }
  if (!replay.empty()) config.replay = replay;
  std::vector<protocol::Protocol> made = {protocol::profile(profile)};
  made.front().seed = config.seed;
  std::vector<std::string> keys;
  for (const auto& [key, value] : protocol::options_of(made.front())) keys.push_back(key);
  for (const std::string& key : keys) {
    const std::vector<std::string> values = reader.texts(key);
    if (values.empty()) continue;
    check_product("[[protocol]]", made.size() * values.size());
    std::vector<protocol::Protocol> product;
    for (const protocol::Protocol& base : made) {
      for (const std::string& value : values) {
        product.push_back(base);
        protocol::set_option(product.back(), key, value);
      }
    }
    made = std::move(product);
  }
  reader.finish();
  check_product("[[protocol]]", config.protocols.size() + made.size());
  config.protocols.insert(config.protocols.end(), made.begin(), made.end());
}

/// Samples are named after option values, so two protocols of equal values would be one.
void check_protocols_differ(const std::vector<protocol::Protocol>& protocols) {
  for (auto again = protocols.begin(); again != protocols.end(); ++again) {
    const auto values = protocol::options_of(*again);
    const auto first = std::find_if(protocols.begin(), again, [&](const protocol::Protocol& p) {
      return protocol::options_of(p) == values;
    });
    if (first == again) continue;
    throw Error(ExitCode::usage,
                fmt::format("protocol {} is listed twice", again - protocols.begin()),
                fmt::format("all its options ({}) have the values of protocol {} ({})", again->name,
                            first - protocols.begin(), first->name),
                "remove one of them, or give one another seed");
  }
}

void read_protocols(TableReader& root, Config& config) {
  std::vector<const Node*> entries = entries_of(root, "protocol");
  if (entries.empty()) entries.push_back(&empty_table());
  for (const Node* entry : entries) read_protocol_entry(*entry, config);
  check_protocols_differ(config.protocols);
}

/// 0 switches it off; without room for more repeats it would do nothing, and nobody would be told.
double read_goal(TableReader& latency, const LatencyPass& pass) {
  const Node* node = latency.find("goal");
  if (node == nullptr) return 0;
  const double goal = node->kind == Kind::integer ? static_cast<double>(node->integer) : node->real;
  if ((node->kind != Kind::integer && node->kind != Kind::real) || !(goal >= 0 && goal < 1)) {
    latency.refuse(*node, "goal", "it wants a share between 0 and 1", "write 0.02 for 2 %");
  }
  if (goal > 0 && pass.repeats_max == pass.repeats) {
    latency.refuse(*node, "goal", "repeats_max leaves no room for more repeats",
                   fmt::format("set repeats_max above repeats, which is {}", pass.repeats));
  }
  return goal;
}

/// Mistakes that show without a look at the machine.
bool read_cuda_graph(TableReader& latency, const Config& config) {
  const bool wanted = latency.boolean("cuda_graph", false);
  if (!wanted) return false;
  const Node& node = *latency.find("cuda_graph");
  if (config.device == DeviceChoice::cpu) {
    latency.refuse(node, "cuda_graph", "model.device is \"cpu\", which has no CUDA graphs",
                   "leave it out, or set model.device = \"cuda\"");
  }
  if (config.latency.compute == model::Compute::upstream) {
    latency.refuse(node, "cuda_graph",
                   "compute = \"upstream\" times the reference, which uses no CUDA graphs",
                   "use it with compute = \"lean\"");
  }
  return true;
}

void read_passes(TableReader& root, Config& config) {
  TableReader reader(table_of(root, "passes"), "[passes]");
  config.accuracy = reader.boolean("accuracy", true);
  if (const Node* node = reader.find("latency")) {
    config.latency.enabled = node->kind != Kind::boolean || node->boolean;
    if (node->kind != Kind::boolean) {
      TableReader latency(*node, "[passes.latency]");
      config.latency.images = static_cast<std::int32_t>(latency.integer("images", 64, 1, kMany));
      config.latency.repeats = static_cast<std::int32_t>(latency.integer("repeats", 5, 1, 10'000));
      config.latency.repeats_max = static_cast<std::int32_t>(
          latency.integer("repeats_max", config.latency.repeats, config.latency.repeats, 10'000));
      config.latency.goal = read_goal(latency, config.latency);
      config.latency.warmup = static_cast<std::int32_t>(latency.integer("warmup", 3, 0, 1'000));
      config.latency.compute = choose(latency, "compute", config.latency.compute,
                                      {model::Compute::lean, model::Compute::upstream});
      config.latency.cuda_graph = read_cuda_graph(latency, config);
      latency.finish();
    }
  }
  reader.finish();
  if (!config.accuracy && !config.latency.enabled) {
    throw Error(ExitCode::usage, "nothing to do", "both passes are switched off",
                "set passes.accuracy = true or give passes.latency");
  }
}

void read_tables(TableReader& root, Config& config) {
  config.tables = analysis::read_table_options(table_of(root, "tables"));
}

void read_sweeps(TableReader& root, Config& config) {
  for (const Node* entry : entries_of(root, "sweep")) {
    TableReader reader(*entry, "[[sweep]]");
    for (SweptVariant& variant : expand_sweep(reader, entry->line)) {
      config.variants.push_back(std::move(variant));
    }
    check_product("[[sweep]]", config.variants.size());
  }
  if (config.variants.empty()) {
    throw Error(ExitCode::usage, "nothing to evaluate", "there is no [[sweep]]",
                "add [[sweep]] with method = \"none\"");
  }
  std::set<std::string> seen;
  for (const SweptVariant& swept : config.variants) {
    if (seen.insert(unit::id_of(swept.variant)).second) continue;
    throw Error(ExitCode::usage,
                fmt::format("variant {} is listed twice", unit::id_of(swept.variant)),
                fmt::format("again by the [[sweep]] at line {}", swept.line), "remove one of them");
  }
}

Config read_config(const Node& tree, std::string_view name) {
  TableReader root(tree, std::string(name));
  Config config;
  read_run(root, config);
  read_model(root, config);
  read_data(root, config);
  read_protocols(root, config);
  read_sweeps(root, config);
  read_passes(root, config);
  read_tables(root, config);
  root.finish();
  return config;
}

Config finish(Node tree, std::string_view name, const Overrides& overrides) {
  for (const std::string& assignment : overrides.assignments) apply_override(tree, assignment);
  Config config = read_config(tree, name);
  if (overrides.output) config.output = *overrides.output;
  if (overrides.limit) config.limit = *overrides.limit;
  return config;
}

}  // namespace

Config load_config(const std::filesystem::path& path, const Overrides& overrides) {
  return finish(load_toml(path), path.string(), overrides);
}

Config parse_config(std::string_view text, std::string_view name, const Overrides& overrides) {
  return finish(parse_toml(text, name), name, overrides);
}

std::string_view name_of(DTypeChoice dtype) { return dtype == DTypeChoice::fp32 ? "fp32" : "bf16"; }

std::string_view name_of(DeviceChoice device) {
  switch (device) {
    case DeviceChoice::automatic: return "auto";
    case DeviceChoice::cpu: return "cpu";
    case DeviceChoice::cuda: return "cuda";
  }
  return "?";
}

std::string_view name_of(ShardsChoice shards) {
  switch (shards) {
    case ShardsChoice::automatic: return "auto";
    case ShardsChoice::log: return "log";
    case ShardsChoice::segments: return "segments";
  }
  return "?";
}

}  // namespace litebench::config
