#pragma once
// Reading JSON. The only place that knows simdjson; everything else sees these views.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace litebench::json {

class Document;

/// A view into a Document, cheap to copy, valid while the Document lives. The `as_*` functions
/// throw Error{data} naming the wanted type and the path of the value when the type differs.
class Value {
 public:
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_string() const;
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_integer() const;
  [[nodiscard]] bool is_null() const;

  [[nodiscard]] std::string_view as_string() const;
  [[nodiscard]] std::int64_t as_int() const;  ///< integers, and doubles that are whole numbers
  [[nodiscard]] double as_double() const;
  [[nodiscard]] bool as_bool() const;

  /// Object member; nothing when absent (or when this is no object).
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  /// Object member; throws Error{data} when absent.
  [[nodiscard]] Value at(std::string_view key) const;
  [[nodiscard]] std::size_t size() const;  ///< elements of an array, members of an object

  void each(const std::function<void(Value)>& visit) const;                           ///< array
  void each_member(const std::function<void(std::string_view, Value)>& visit) const;  ///< object

 private:
  friend class Document;
  alignas(8) std::array<std::byte, 16> element_{};
};

/// A parsed JSON text. Throws Error{data} with file and reason when the text is no JSON.
class Document {
 public:
  static Document parse(std::string_view text, std::string_view name_for_errors);
  static Document load(const std::filesystem::path& path);
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  [[nodiscard]] Value root() const;

 private:
  struct Impl;
  explicit Document(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace litebench::json
