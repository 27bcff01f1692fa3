#include "analysis/manifest.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/json.hpp"

namespace litebench::analysis {

std::string hash_text(std::string_view bytes) { return fmt::format("{:016x}", hash64(bytes)); }

std::string Manifest::option(std::string_view name) const {
  for (const auto& [key, value] : made_with) {
    if (key == name) return value;
  }
  return "";
}

std::string to_json(const Manifest& manifest) {
  nlohmann::ordered_json out;
  out["schema"] = 1;
  out["fingerprint"] = manifest.fingerprint;
  out["answers"] = manifest.answers;
  out["made_with"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : manifest.made_with) out["made_with"][key] = value;
  out["files"] = nlohmann::ordered_json::object();
  for (const auto& [name, hash] : manifest.files) out["files"][name] = hash;
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Manifest read_manifest(const std::filesystem::path& file) {
  const json::Document document = json::Document::load(file);
  const json::Value root = document.root();
  Manifest manifest;
  manifest.fingerprint = root.at("fingerprint").as_string();
  manifest.answers = root.at("answers").as_string();
  const auto pairs = [&](std::string_view key) {
    std::vector<std::pair<std::string, std::string>> pairs;
    root.at(key).each_member([&](std::string_view name, json::Value value) {
      pairs.emplace_back(name, value.as_string());
    });
    return pairs;
  };
  manifest.made_with = pairs("made_with");
  manifest.files = pairs("files");
  return manifest;
}

}  // namespace litebench::analysis
