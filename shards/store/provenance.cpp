#include "shards/store/provenance.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace litebench::store {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

nlohmann::json pairs_to_json(const Pairs& pairs) {
  auto list = nlohmann::json::array();   // not an object: the order matters and a name may come twice
  for (const auto& [name, value] : pairs) list.push_back({name, value});
  return list;
}

std::vector<std::string> strings(json::Value list) {
  std::vector<std::string> out;
  list.each([&](json::Value item) { out.emplace_back(item.as_string()); });
  return out;
}

Pairs pairs(json::Value list) {
  Pairs out;
  list.each([&](json::Value item) {
    std::vector<std::string> both = strings(item);
    both.resize(2);
    out.emplace_back(std::move(both[0]), std::move(both[1]));
  });
  return out;
}

}  // namespace

std::string to_json(const Provenance& p) {
  const nlohmann::json document{
      {"attempt", p.attempt},
      {"rank", p.rank},
      {"ranks", p.ranks},
      {"family", p.family},
      {"pack", p.pack},
      {"plan", p.plan},
      {"family_parts", pairs_to_json(p.family_parts)},
      {"pack_parts", pairs_to_json(p.pack_parts)},
      {"config", p.config},
      {"datasets", p.datasets},
      {"splits", p.splits},
      {"variants", p.variants},
      {"variant_json", p.variant_json},
      {"protocol_json", p.protocol_json},
      {"environment", pairs_to_json(p.environment)},
  };
  // Host names and file names may hold any bytes; they must not end the run.
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Provenance provenance_from_json(std::string_view text, std::string_view name_for_errors) {
  const auto document = json::Document::parse(text, name_for_errors);
  const json::Value root = document.root();
  const auto string = [&](std::string_view key) { return std::string(root.at(key).as_string()); };
  Provenance p;
  p.attempt = string("attempt");
  p.rank = static_cast<std::int32_t>(root.at("rank").as_int());
  p.ranks = static_cast<std::int32_t>(root.at("ranks").as_int());
  p.family = string("family");
  p.pack = string("pack");
  p.plan = string("plan");
  p.family_parts = pairs(root.at("family_parts"));
  p.pack_parts = pairs(root.at("pack_parts"));
  p.config = string("config");
  p.datasets = strings(root.at("datasets"));
  p.splits = strings(root.at("splits"));
  p.variants = strings(root.at("variants"));
  p.variant_json = strings(root.at("variant_json"));
  p.protocol_json = strings(root.at("protocol_json"));
  p.environment = pairs(root.at("environment"));
  return p;
}

}  // namespace litebench::store
