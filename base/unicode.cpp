#include "base/unicode.hpp"

#include <climits>
#include <cstdint>

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/error.hpp"

namespace litebench {
namespace {

[[noreturn]] void refuse(std::string_view reason) {
  throw Error(ExitCode::data, "cannot process a text", reason,
              "check the encoding of the file it comes from");
}

icu::UnicodeString decode(std::string_view text) {
  if (text.size() > INT32_MAX / 4) refuse("it is longer than 512 MiB");
  if (!is_utf8(text)) refuse("it is not UTF-8");
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
}

std::string encode(const icu::UnicodeString& text) {
  std::string utf8;
  return text.toUTF8String(utf8);
}

/// Python's str.isspace: bidirectional class WS, B or S, or category Zs.
bool is_python_space(UChar32 c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, text.size(), c);
    if (c < 0) return false;
  }
  return true;
}

std::string python_lower(std::string_view text) {
  return encode(decode(text).toLower(icu::Locale::getRoot()));
}

std::string python_strip(std::string_view text) {
  const icu::UnicodeString wide = decode(text);
  std::int32_t first = 0,
               last = wide.length();  // all white space is in the basic plane: one unit each
  while (first < last && is_python_space(wide.charAt(first))) ++first;
  while (last > first && is_python_space(wide.charAt(last - 1))) --last;
  return encode(wide.tempSubStringBetween(first, last));
}

std::string nfc(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) refuse(u_errorName(status));
  const icu::UnicodeString normalized = normalizer->normalize(decode(text), status);
  if (U_FAILURE(status)) refuse(u_errorName(status));
  return encode(normalized);
}

}  // namespace litebench
