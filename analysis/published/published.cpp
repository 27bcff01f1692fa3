#include "analysis/published/published.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/suggest.hpp"

namespace litebench::analysis {
namespace {

std::filesystem::path published_folder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share" / "litebench" / "published";
}

std::vector<std::string> known_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string text_of(const json::Value& value, std::string_view key, const std::string& otherwise) {
  const auto found = value.find(key);
  return found ? std::string(found->as_string()) : otherwise;
}

/// A number's own status and source, or the file's.
template <typename T>
void vouch(T& number, const json::Value& value, const Published& published,
           const std::filesystem::path& file) {
  number.status = text_of(value, "status", published.status);
  number.source = text_of(value, "source", published.source);
  const bool known = number.status == "first-party" || number.status == "third-party" ||
                     number.status == "unverified";
  if (known && !number.source.empty()) return;
  throw Error(
      ExitCode::data, fmt::format("cannot use {}", file.string()),
      fmt::format("a number has status \"{}\" and source \"{}\"", number.status, number.source),
      "say where it is from, and give first-party, third-party or unverified as its status");
}

PublishedFigure figure_of(const json::Value& value) {
  PublishedFigure figure;
  figure.quantity = value.at("quantity").as_string();
  figure.unit = value.at("unit").as_string();
  figure.method = value.at("method").as_string();
  figure.variant = text_of(value, "variant", "");
  if (const auto tokens = value.find("tokens")) figure.tokens = tokens->as_int();
  figure.value = value.at("value").as_double();
  return figure;
}

PublishedRow row_of(const json::Value& value, std::size_t splits,
                    const std::filesystem::path& file) {
  PublishedRow row;
  row.variant = value.at("variant").as_string();
  row.method = value.at("method").as_string();
  value.at("ciou").each([&](const json::Value& v) { row.ciou.push_back(v.as_double() / 100); });
  if (row.ciou.size() != splits) {
    throw Error(ExitCode::data, fmt::format("cannot use {}", file.string()),
                fmt::format("{} has {} values for {} splits", row.variant, row.ciou.size(), splits),
                "give one cIoU per split");
  }
  const auto average = value.find("average"), relative = value.find("relative");
  row.average = average ? average->as_double() / 100
                        : std::accumulate(row.ciou.begin(), row.ciou.end(), 0.0) /
                              static_cast<double>(std::max<std::size_t>(1, splits));
  if (relative) row.relative = relative->as_double() / 100;
  return row;
}

}  // namespace

const PublishedRow* Published::find(std::string_view variant) const {
  for (const PublishedRow& row : rows) {
    if (row.variant == variant) return &row;
  }
  return nullptr;
}

std::optional<double> Published::ciou(const PublishedRow& row, std::string_view split) const {
  for (std::size_t i = 0; i < splits.size(); ++i) {
    if (splits[i] == split) return row.ciou[i];
  }
  return std::nullopt;
}

Published load_published(const std::filesystem::path& file) {
  const json::Document document = json::Document::load(file);
  const json::Value root = document.root();
  Published published;
  published.name = root.at("name").as_string();
  published.title = root.at("title").as_string();
  published.status = root.at("status").as_string();
  published.source = root.at("source").as_string();
  published.note = root.at("note").as_string();
  root.at("splits").each(
      [&](const json::Value& v) { published.splits.emplace_back(v.as_string()); });
  root.at("rows").each([&](const json::Value& v) {
    published.rows.push_back(row_of(v, published.splits.size(), file));
    vouch(published.rows.back(), v, published, file);
  });
  if (const auto figures = root.find("figures")) {
    figures->each([&](const json::Value& v) {
      published.figures.push_back(figure_of(v));
      vouch(published.figures.back(), v, published, file);
    });
  }
  return published;
}

Published find_published(std::string_view name) {
  const std::filesystem::path folder = published_folder();
  const std::vector<std::string> names = known_names(folder);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const std::string near = nearest(name, names);
    throw Error(ExitCode::usage, fmt::format("unknown published numbers \"{}\"", name),
                fmt::format("{} holds: {}", folder.string(), fmt::join(names, ", ")),
                near.empty() ? "use one of these" : fmt::format("did you mean {}?", near));
  }
  return load_published(folder / fmt::format("{}.json", name));
}

}  // namespace litebench::analysis
