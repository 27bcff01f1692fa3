// The resolved configuration as TOML: stored in every shard, written to RUN/config.toml, hashed for
// the keys.

#include <fmt/core.h>

#include "base/toml.hpp"
#include "harness/config/config.hpp"

namespace litebench::config {
namespace {

void add(Node& table, std::string_view key, Node value) {
  table.members.push_back({std::string(key), std::move(value)});
}

Node run_table(const Config& config) {
  Node table;
  add(table, "name", text_node(config.name));
  add(table, "output", text_node(config.output.string()));
  add(table, "seed", integer_node(config.seed));
  add(table, "limit", integer_node(config.limit));
  add(table, "bundle_seconds", integer_node(config.bundle_seconds));
  add(table, "quarantine", integer_node(config.quarantine));
  add(table, "shards", text_node(name_of(config.shards)));
  return table;
}

Node model_table(const Config& config) {
  Node table;
  add(table, "glamm", text_node(config.glamm));
  add(table, "clip", text_node(config.clip));
  add(table, "dtype", text_node(name_of(config.dtype)));
  add(table, "device", text_node(name_of(config.device)));
  add(table, "broadcast", boolean_node(config.broadcast));
  add(table, "broadcast_seconds", integer_node(config.broadcast_seconds));
  add(table, "threads", integer_node(config.threads));
  add(table, "prompts_per_decode", integer_node(config.prompts_per_decode));
  add(table, "rows_per_pack", integer_node(config.rows_per_pack));
  add(table, "images_per_bundle", integer_node(config.images_per_bundle));
  add(table, "prompt_tokens", integer_node(config.prompt_tokens));
  return table;
}

Node data_table(const Config& config) {
  Node table;
  add(table, "root", text_node(config.root.string()));
  add(table, "splits", array_node(config.splits));
  return table;
}

Node protocol_array(const Config& config) {
  Node array;
  array.kind = Kind::array;
  for (const protocol::Protocol& protocol : config.protocols) {
    Node table;
    add(table, "profile", text_node(protocol.name));
    for (const auto& [key, value] : protocol::options_of(protocol))
      add(table, key, text_node(value));
    if (!config.replay.empty()) add(table, "replay", text_node(config.replay.string()));
    array.items.push_back(std::move(table));
  }
  return array;
}

Node sweep_array(const Config& config) {
  Node array;
  array.kind = Kind::array;
  for (const SweptVariant& swept : config.variants) {
    Node table;
    add(table, "method", text_node(unit::method_spelling(swept.variant)));
    if (swept.variant.tokens > 0) add(table, "tokens", integer_node(swept.variant.tokens));
    add(table, "mode", text_node(unit::name_of(swept.variant.mode)));
    add(table, "position", text_node(unit::name_of(swept.variant.position)));
    add(table, "order", text_node(unit::name_of(swept.variant.order)));
    add(table, "seeds", integer_node(swept.seeds));
    for (const auto& [key, value] : swept.variant.options) add(table, key, text_node(value));
    array.items.push_back(std::move(table));
  }
  return array;
}

Node passes_table(const Config& config) {
  Node table;
  add(table, "accuracy", boolean_node(config.accuracy));
  if (!config.latency.enabled) {
    add(table, "latency", boolean_node(false));
    return table;
  }
  Node latency;
  add(latency, "images", integer_node(config.latency.images));
  add(latency, "repeats", integer_node(config.latency.repeats));
  add(latency, "repeats_max", integer_node(config.latency.repeats_max));
  add(latency, "goal", real_node(config.latency.goal));
  add(latency, "warmup", integer_node(config.latency.warmup));
  add(latency, "compute", text_node(name_of(config.latency.compute)));
  add(latency, "cuda_graph", boolean_node(config.latency.cuda_graph));
  add(table, "latency", std::move(latency));
  return table;
}

}  // namespace

std::string print_config(const Config& config) {
  Node root;
  add(root, "run", run_table(config));
  add(root, "model", model_table(config));
  add(root, "data", data_table(config));
  add(root, "protocol", protocol_array(config));
  add(root, "sweep", sweep_array(config));
  add(root, "passes", passes_table(config));
  add(root, "tables", analysis::node_of(config.tables));
  return print_toml(root);
}

}  // namespace litebench::config
