#include "base/json.hpp"

#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"

namespace litebench::json {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using Bytes = std::array<std::byte, 16>;

/// What a dom::element is: its document and a position on the document's tape. A Value can
/// therefore find its file's name and its own path without carrying them; both are wanted for error
/// messages only.
struct Location {
  const simdjson::dom::document* document;
  std::size_t position;
  bool operator==(const Location&) const = default;
};

static_assert(sizeof(element) == sizeof(Bytes) && alignof(element) <= 8);
static_assert(sizeof(Location) == sizeof(element));
static_assert(std::is_trivially_copyable_v<element>);

struct NamedDocument : simdjson::dom::document {
  std::string name;
};

element get(const Bytes& bytes) { return std::bit_cast<element>(bytes); }
Location location_of(element value) { return std::bit_cast<Location>(value); }

std::string_view name_of(element_type type) {
  switch (type) {
    case element_type::ARRAY: return "array";
    case element_type::OBJECT: return "object";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE: return "number";
    case element_type::STRING: return "string";
    case element_type::BOOL: return "boolean";
    case element_type::NULL_VALUE: break;
  }
  return "null";
}

/// Walks the document until it meets `wanted`; `path` then leads there. Depth is bounded by
/// simdjson (1024 levels).
bool find_path(element here, const Location& wanted, std::vector<std::string>& path) {
  if (location_of(here) == wanted) return true;
  if (here.is_array()) {
    std::size_t index = 0;
    for (const element child : simdjson::dom::array(here)) {
      path.push_back(std::to_string(index++));
      if (find_path(child, wanted, path)) return true;
      path.pop_back();
    }
  } else if (here.is_object()) {
    for (const auto& member : simdjson::dom::object(here)) {
      path.emplace_back(member.key);
      if (find_path(member.value, wanted, path)) return true;
      path.pop_back();
    }
  }
  return false;
}

[[noreturn]] void refuse(element value, std::string_view reason) {
  const auto* document = static_cast<const NamedDocument*>(location_of(value).document);
  std::vector<std::string> path;
  find_path(document->root(), location_of(value), path);
  throw Error(ExitCode::data,
              fmt::format("bad value in {} at /{}", document->name, fmt::join(path, "/")), reason,
              "check that the file is of the expected kind and complete");
}

[[noreturn]] void refuse_type(element value, std::string_view wanted) {
  refuse(value, fmt::format("wanted {}, found {}", wanted, name_of(value.type())));
}

}  // namespace

bool Value::is_object() const { return get(element_).is_object(); }
bool Value::is_array() const { return get(element_).is_array(); }
bool Value::is_string() const { return get(element_).is_string(); }
bool Value::is_number() const { return get(element_).is_number(); }
bool Value::is_integer() const { return get(element_).type() == element_type::INT64; }
bool Value::is_null() const { return get(element_).is_null(); }

std::string_view Value::as_string() const {
  std::string_view text;
  if (get(element_).get(text) != simdjson::SUCCESS) refuse_type(get(element_), "a string");
  return text;
}

std::int64_t Value::as_int() const {
  if (is_integer()) return std::int64_t(get(element_));
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  double number = 0;
  if (get(element_).get(number) != simdjson::SUCCESS) refuse_type(get(element_), "an integer");
  if (std::trunc(number) != number || number < -kLimit || number >= kLimit) {
    refuse(get(element_), fmt::format("wanted an integer of 64 bits, found {}", number));
  }
  return static_cast<std::int64_t>(number);
}

double Value::as_double() const {
  double number = 0;
  if (get(element_).get(number) != simdjson::SUCCESS) refuse_type(get(element_), "a number");
  return number;
}

bool Value::as_bool() const {
  bool flag = false;
  if (get(element_).get(flag) != simdjson::SUCCESS) refuse_type(get(element_), "a boolean");
  return flag;
}

std::optional<Value> Value::find(std::string_view key) const {
  element member;
  if (!is_object() || get(element_)[key].get(member) != simdjson::SUCCESS) return std::nullopt;
  Value value;
  value.element_ = std::bit_cast<Bytes>(member);
  return value;
}

Value Value::at(std::string_view key) const {
  if (!is_object()) refuse_type(get(element_), fmt::format("an object with member \"{}\"", key));
  if (auto member = find(key)) return *member;
  refuse(get(element_), fmt::format("member \"{}\" is missing", key));
}

// simdjson's own size() saturates at 2^24 - 1 elements, hence the walk.
std::size_t Value::size() const {
  std::size_t count = 0;
  if (is_object()) {
    each_member([&](std::string_view, Value) { ++count; });
  } else {
    each([&](Value) { ++count; });
  }
  return count;
}

void Value::each(const std::function<void(Value)>& visit) const {
  if (!is_array()) refuse_type(get(element_), "an array");
  for (const element child : simdjson::dom::array(get(element_))) {
    Value value;
    value.element_ = std::bit_cast<Bytes>(child);
    visit(value);
  }
}

void Value::each_member(const std::function<void(std::string_view, Value)>& visit) const {
  if (!is_object()) refuse_type(get(element_), "an object");
  for (const auto& member : simdjson::dom::object(get(element_))) {
    Value value;
    value.element_ = std::bit_cast<Bytes>(member.value);
    visit(member.key, value);
  }
}

struct Document::Impl {
  NamedDocument document;
};

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Document Document::parse(std::string_view text, std::string_view name_for_errors) {
  auto impl = std::make_unique<Impl>();
  impl->document.name = name_for_errors;
  simdjson::dom::parser
      parser;  // its index of structural characters is as large as the text: not kept
  const auto result = parser.parse_into_document(impl->document, text.data(), text.size());
  if (result.error() != simdjson::SUCCESS) {
    throw Error(ExitCode::data, fmt::format("cannot read JSON {}", name_for_errors),
                simdjson::error_message(result.error()),
                "check that the file is complete JSON in UTF-8");
  }
  return Document(std::move(impl));
}

Document Document::load(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

Value Document::root() const {
  Value value;
  value.element_ = std::bit_cast<Bytes>(impl_->document.root());
  return value;
}

}  // namespace litebench::json
