#pragma once
// Bounds-checked reading off the front of a pickle. Lengths are compared with what is left before
// anything is copied.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace litebench::pickle {

class Input {
 public:
  explicit Input(std::span<const std::byte> data)
      : data_(reinterpret_cast<const char*>(data.data()), data.size()) {}

  [[nodiscard]] std::size_t offset() const { return offset_; }

  std::optional<std::string_view> take(std::uint64_t count) {
    if (count > data_.size() - offset_) return std::nullopt;
    const std::string_view taken = data_.substr(offset_, count);
    offset_ += count;
    return taken;
  }

  /// Up to the next newline, which is swallowed.
  std::optional<std::string_view> line() {
    const std::size_t end = data_.find('\n', offset_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = data_.substr(offset_, end - offset_);
    offset_ = end + 1;
    return text;
  }

  /// A little-endian number; the program runs on little-endian machines only.
  template <typename T>
  std::optional<T> number() {
    static_assert(std::endian::native == std::endian::little);
    const auto bytes = take(sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof(T));
    return value;
  }

 private:
  std::string_view data_;
  std::size_t offset_ = 0;
};

}  // namespace litebench::pickle
