// The resolved configuration as TOML: stored in every shard, written to RUN/config.toml, hashed for
// the keys.

#include <fmt/core.h>

#include "base/toml.hpp"
#include "harness/config/config.hpp"

namespace litebench::config {
namespace {

Node text(std::string_view value) {
  Node node;
  node.kind = Kind::text;
  node.text = value;
  return node;
}

Node integer(std::int64_t value) {
  Node node;
  node.kind = Kind::integer;
  node.integer = value;
  return node;
}

Node boolean(bool value) {
  Node node;
  node.kind = Kind::boolean;
  node.boolean = value;
  return node;
}

Node list(const std::vector<std::string>& values) {
  Node node;
  node.kind = Kind::array;
  for (const std::string& value : values) node.items.push_back(text(value));
  return node;
}

void add(Node& table, std::string_view key, Node value) {
  table.members.push_back({std::string(key), std::move(value)});
}

Node run_table(const Config& config) {
  Node table;
  add(table, "name", text(config.name));
  add(table, "output", text(config.output.string()));
  add(table, "seed", integer(config.seed));
  add(table, "limit", integer(config.limit));
  add(table, "bundle_seconds", integer(config.bundle_seconds));
  add(table, "quarantine", integer(config.quarantine));
  add(table, "shards", text(name_of(config.shards)));
  return table;
}

Node model_table(const Config& config) {
  Node table;
  add(table, "glamm", text(config.glamm));
  add(table, "clip", text(config.clip));
  add(table, "dtype", text(name_of(config.dtype)));
  add(table, "device", text(name_of(config.device)));
  add(table, "threads", integer(config.threads));
  add(table, "prompts_per_decode", integer(config.prompts_per_decode));
  add(table, "rows_per_pack", integer(config.rows_per_pack));
  add(table, "prompt_tokens", integer(config.prompt_tokens));
  return table;
}

Node data_table(const Config& config) {
  Node table;
  add(table, "root", text(config.root.string()));
  add(table, "splits", list(config.splits));
  return table;
}

Node protocol_array(const Config& config) {
  Node array;
  array.kind = Kind::array;
  for (const protocol::Protocol& protocol : config.protocols) {
    Node table;
    add(table, "profile", text(protocol.name));
    for (const auto& [key, value] : protocol::options_of(protocol)) add(table, key, text(value));
    if (!config.replay.empty()) add(table, "replay", text(config.replay.string()));
    array.items.push_back(std::move(table));
  }
  return array;
}

Node sweep_array(const Config& config) {
  Node array;
  array.kind = Kind::array;
  for (const SweptVariant& swept : config.variants) {
    Node table;
    add(table, "method", text(unit::method_spelling(swept.variant)));
    if (swept.variant.tokens > 0) add(table, "tokens", integer(swept.variant.tokens));
    add(table, "mode", text(unit::name_of(swept.variant.mode)));
    add(table, "position", text(unit::name_of(swept.variant.position)));
    add(table, "order", text(unit::name_of(swept.variant.order)));
    add(table, "seeds", integer(swept.seeds));
    for (const auto& [key, value] : swept.variant.options) add(table, key, text(value));
    array.items.push_back(std::move(table));
  }
  return array;
}

Node passes_table(const Config& config) {
  Node table;
  add(table, "accuracy", boolean(config.accuracy));
  if (!config.latency.enabled) {
    add(table, "latency", boolean(false));
    return table;
  }
  Node latency;
  add(latency, "images", integer(config.latency.images));
  add(latency, "repeats", integer(config.latency.repeats));
  add(latency, "warmup", integer(config.latency.warmup));
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
