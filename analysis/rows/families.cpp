#include "analysis/rows/families.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/core.h>

namespace litebench::analysis {
namespace {

constexpr std::string_view kData = "data";

/// "refcoco:1f:2e refcocog:3d:4c" -> {refcoco: 1f:2e, …}
std::map<std::string, std::string> data_sets(const std::string& key) {
  std::map<std::string, std::string> sets;
  std::istringstream words(key);
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    sets[word.substr(0, colon)] = colon == std::string::npos ? "" : word.substr(colon + 1);
  }
  return sets;
}

std::string data_difference(const std::string& a, const std::string& b) {
  const std::map<std::string, std::string> other = data_sets(b);
  for (const auto& [name, hash] : data_sets(a)) {
    const auto found = other.find(name);
    if (found != other.end() && found->second != hash)
      return fmt::format("other annotations of {} ({} against {})", name, hash, found->second);
  }
  return "";
}

std::string difference(const unit::Parts& a, const unit::Parts& b, bool data_sets_may_differ) {
  for (const auto& [name, value] : a) {
    const auto other = std::ranges::find(b, name, &unit::Parts::value_type::first);
    if (other == b.end()) return fmt::format("{} only in one of them", name);
    if (name == kData && data_sets_may_differ) {
      const std::string text = data_difference(value, other->second);
      if (!text.empty()) return text;
    } else if (other->second != value) {
      return fmt::format("{} {} against {}", name, value, other->second);
    }
  }
  return a.size() == b.size() ? "" : "one has more parts";
}

}  // namespace

std::string family_difference(const unit::Parts& a, const unit::Parts& b) {
  return difference(a, b, true);
}

std::string first_difference(const unit::Parts& a, const unit::Parts& b) {
  return difference(a, b, false);
}

}  // namespace litebench::analysis
