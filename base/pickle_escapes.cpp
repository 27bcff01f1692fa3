#include "base/pickle_escapes.hpp"

#include <charconv>
#include <cstdint>

namespace litebench::pickle {
namespace {

/// Reads exactly `digits` hexadecimal digits off the front of `text`.
std::optional<std::uint32_t> take_hex(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value, 16);
  if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

/// One to three octal digits, reduced to a byte as Python 2 does.
char take_octal(std::string_view& text) {
  unsigned value = 0;
  for (int i = 0; i < 3 && !text.empty() && text[0] >= '0' && text[0] <= '7'; ++i) {
    value = value * 8 + static_cast<unsigned>(text[0] - '0');
    text.remove_prefix(1);
  }
  return static_cast<char>(value & 0xff);
}

/// The escape after a backslash; `text` starts behind the backslash.
bool append_escape(std::string& out, std::string_view& text) {
  constexpr std::string_view kLetters = "\\'\"abfnrtv";
  constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  if (text.empty()) return false;
  if (const std::size_t known = kLetters.find(text[0]); known != std::string_view::npos) {
    out += kMeanings[known];
    text.remove_prefix(1);
  } else if (text[0] == 'x') {
    text.remove_prefix(1);
    const auto value = take_hex(text, 2);
    if (!value) return false;
    out += static_cast<char>(*value);
  } else if (text[0] >= '0' && text[0] <= '7') {
    out += take_octal(text);
  } else {  // an unknown escape stays as it is written
    out += '\\';
    out += text[0];
    text.remove_prefix(1);
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kLead[tail] | (code >> (6 * tail)));
  for (int i = tail - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
}

bool is_high(std::uint32_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low(std::uint32_t code) { return code >= 0xdc00 && code < 0xe000; }

/// The code point of \uXXXX or \UXXXXXXXX; `text` starts at the letter.
std::optional<std::uint32_t> take_code_point(std::string_view& text) {
  const std::size_t digits = text[0] == 'u' ? 4 : 8;
  text.remove_prefix(1);
  auto code = take_hex(text, digits);
  if (!code || *code > 0x10ffff || is_low(*code)) return std::nullopt;
  if (!is_high(*code)) return code;
  if (!text.starts_with("\\u")) return std::nullopt;
  text.remove_prefix(2);
  const auto low = take_hex(text, 4);
  if (!low || !is_low(*low)) return std::nullopt;
  return 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
}

}  // namespace

std::optional<std::string> unquote(std::string_view literal) {
  const bool quoted = literal.size() >= 2 && (literal[0] == '\'' || literal[0] == '"') &&
                      literal.front() == literal.back();
  if (!quoted) return std::nullopt;
  std::string_view text = literal.substr(1, literal.size() - 2);
  std::string out;
  while (!text.empty()) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!append_escape(out, text)) {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> unescape_unicode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      append_utf8(out, c);
    } else if (text[0] == 'u' || text[0] == 'U') {
      const auto code = take_code_point(text);
      if (!code) return std::nullopt;
      append_utf8(out, *code);
    } else {  // a backslash and what follows it, even another backslash, stand for themselves
      out += '\\';
      append_utf8(out, static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace litebench::pickle
