#pragma once
// Pieces of HTML. Everything that comes from a run is escaped here.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace litebench::analysis::report {

/// Text between tags and in double-quoted attributes.
std::string escaped(std::string_view text);
std::string base64(std::span<const std::byte> data);
std::string base64(std::string_view text);
/// `<tag attributes>content</tag>`; content is HTML already.
std::string element(std::string_view tag, std::string_view attributes, std::string_view content);
/// Letters, digits and dashes, for ids and class names.
std::string slug(std::string_view text);

}  // namespace litebench::analysis::report
