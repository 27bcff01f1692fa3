#pragma once
// Python's view of Unicode text, on UTF-8. The only place that knows ICU.
// All functions but is_utf8 throw Error{data} when the text is not UTF-8.

#include <string>
#include <string_view>

namespace litebench {

bool is_utf8(std::string_view text);

/// str.lower(): full case mapping without a locale (İ becomes i and a combining dot, a final sigma
/// becomes ς).
std::string python_lower(std::string_view text);

/// str.strip(): without the white space at both ends, in Python's meaning of the word
/// (str.isspace).
std::string python_strip(std::string_view text);

/// unicodedata.normalize("NFC", text).
std::string nfc(std::string_view text);

}  // namespace litebench
