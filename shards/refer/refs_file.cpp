#include <fmt/core.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"
#include "base/pickle.hpp"
#include "base/unicode.hpp"
#include "shards/refer/readers.hpp"

namespace litebench::refer {
namespace {

[[noreturn]] void refuse(const std::string& where, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("cannot read {}", where), reason,
              "fetch the REFER annotations again (refs(unc).p or refs(umd).p)");
}

/// Fields of one pickled dict; `where` names file and ref in messages.
class Fields {
 public:
  Fields(const pickle::Node& node, std::string where) : node_(node), where_(std::move(where)) {
    if (node.kind != pickle::Kind::dict) refuse(where_, "it is not a dict");
  }

  [[nodiscard]] const pickle::Node& at(std::string_view key) const {
    const pickle::Node* value = node_.find(key);
    if (value == nullptr) refuse(where_, fmt::format("field \"{}\" is missing", key));
    return *value;
  }

  [[nodiscard]] std::int64_t integer(std::string_view key) const {
    const pickle::Node& value = at(key);
    if (value.kind != pickle::Kind::integer)
      refuse(where_, fmt::format("field \"{}\" is not an integer", key));
    return value.integer;
  }

  /// An integer or a list of integers.
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const {
    if (at(key).kind != pickle::Kind::list) return {integer(key)};
    std::vector<std::int64_t> values;
    for (const pickle::Node* item : at(key).items) {
      if (item->kind != pickle::Kind::integer)
        refuse(where_, fmt::format("field \"{}\" is no list of integers", key));
      values.push_back(item->integer);
    }
    return values;
  }

  [[nodiscard]] const std::string& text(std::string_view key) const {
    const pickle::Node& value = at(key);
    if (value.kind != pickle::Kind::bytes)
      refuse(where_, fmt::format("field \"{}\" is not a string", key));
    if (!is_utf8(value.text)) refuse(where_, fmt::format("field \"{}\" is not UTF-8", key));
    return value.text;
  }

  [[nodiscard]] const std::vector<const pickle::Node*>& list(std::string_view key) const {
    const pickle::Node& value = at(key);
    if (value.kind != pickle::Kind::list)
      refuse(where_, fmt::format("field \"{}\" is not a list", key));
    return value.items;
  }

 private:
  const pickle::Node& node_;
  std::string where_;
};

Ref read_ref(const Fields& fields, const std::string& where) {
  Ref ref{.ref_id = fields.integer("ref_id"),
          .image_id = fields.integer("image_id"),
          .ann_ids = fields.integers("ann_id"),
          .category_ids = fields.integers("category_id"),
          .split = fields.text("split"),
          .sentences = {}};
  for (const pickle::Node* item : fields.list("sentences")) {
    const Fields sentence(*item, where + ", sentence " + std::to_string(ref.sentences.size()));
    ref.sentences.push_back({sentence.integer("sent_id"), sentence.text("sent")});
  }
  return ref;
}

std::vector<Ref> read_pickle(const std::filesystem::path& path) {
  const MappedFile file(path);
  const pickle::Document document = pickle::parse(file.bytes(), path.string());
  if (document.root->kind != pickle::Kind::list)
    refuse(path.string(), "it does not hold a list of refs");
  std::vector<Ref> refs;
  refs.reserve(document.root->items.size());
  for (const pickle::Node* item : document.root->items) {
    const std::string where = fmt::format("ref {} of {}", refs.size(), path.string());
    refs.push_back(read_ref(Fields(*item, where), where));
  }
  return refs;
}

std::vector<std::int64_t> integers_of(json::Value value) {
  if (!value.is_array()) return {value.as_int()};
  std::vector<std::int64_t> values;
  value.each([&](json::Value item) { values.push_back(item.as_int()); });
  return values;
}

std::vector<Ref> read_json(const std::filesystem::path& path) {
  const json::Document document = json::Document::load(path);
  std::vector<Ref> refs;
  document.root().each([&](json::Value item) {
    Ref& ref = refs.emplace_back(Ref{.ref_id = item.at("ref_id").as_int(),
                                     .image_id = item.at("image_id").as_int(),
                                     .ann_ids = integers_of(item.at("ann_id")),
                                     .category_ids = integers_of(item.at("category_id")),
                                     .split = std::string(item.at("split").as_string()),
                                     .sentences = {}});
    item.at("sentences").each([&](json::Value sentence) {
      ref.sentences.push_back(
          {sentence.at("sent_id").as_int(), std::string(sentence.at("sent").as_string())});
    });
  });
  return refs;
}

}  // namespace

std::vector<Ref> read_refs(const std::filesystem::path& path) {
  return path.extension() == ".json" ? read_json(path) : read_pickle(path);
}

}  // namespace litebench::refer
