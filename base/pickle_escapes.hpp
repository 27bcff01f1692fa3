#pragma once
// The two text encodings of pickle protocol 0.

#include <optional>
#include <string>
#include <string_view>

namespace litebench::pickle {

/// Bytes of a quoted Python 2 string literal as STRING ('S') holds it: 'it\'s \xe9'. Nothing when
/// it is malformed.
std::optional<std::string> unquote(std::string_view literal);

/// UTF-8 of a raw-unicode-escape text as UNICODE ('V') holds it: Latin-1 with \uXXXX and
/// \UXXXXXXXX. Surrogate pairs, which narrow Python 2 builds wrote, are joined. Nothing for lone
/// surrogates and incomplete escapes.
std::optional<std::string> unescape_unicode(std::string_view text);

}  // namespace litebench::pickle
