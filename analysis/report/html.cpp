#include "analysis/report/html.hpp"

#include <fmt/core.h>

namespace litebench::analysis::report {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string base64(std::span<const std::byte> data) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < data.size() ? static_cast<unsigned>(data[at]) : 0U;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int digit = 0; digit < 4; ++digit) {
      const bool padding = i + static_cast<std::size_t>(digit) > data.size();
      out += padding ? '=' : kDigits[bits >> (18 - 6 * digit) & 63];
    }
  }
  return out;
}

std::string base64(std::string_view text) { return base64(std::as_bytes(std::span(text))); }

std::string element(std::string_view tag, std::string_view attributes, std::string_view content) {
  return fmt::format("<{}{}{}>{}</{}>", tag, attributes.empty() ? "" : " ", attributes, content,
                     tag);
}

std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (keep) out += c;
    if (!keep && !out.empty() && out.back() != '-') out += '-';
  }
  return out;
}

}  // namespace litebench::analysis::report
