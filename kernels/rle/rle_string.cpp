#include "kernels/rle/rle.hpp"

// A count is written in groups of 5 bits, lowest first, as the characters '0' … 'o'. Bit 5 of a
// character says that more follow; bit 4 of the last one is the sign. Differences keep long runs of
// similar columns short.

namespace litebench::kernels {
namespace {

constexpr std::size_t kFirstDifference = 3;  // counts 0, 1, 2 are written as they are
constexpr int kMaxGroups = 7;                // 35 bits hold any difference of two counts

/// Takes one signed number off the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  for (int group = 0; group < kMaxGroups && !text.empty(); ++group) {
    const int bits = text.front() - '0';
    if (bits < 0 || bits > 63) return std::nullopt;
    text.remove_prefix(1);
    value |= std::int64_t{bits & 31} << (5 * group);
    if ((bits & 32) == 0) {
      if ((bits & 16) != 0) value |= -1LL * (1LL << (5 * (group + 1)));
      return value;
    }
  }
  return std::nullopt;
}

void append_number(std::string& text, std::int64_t value) {
  for (bool more = true; more;) {
    int bits = static_cast<int>(value & 31);
    value >>= 5;
    more = (bits & 16) != 0 ? value != -1 : value != 0;
    if (more) bits |= 32;
    text += static_cast<char>('0' + bits);
  }
}

}  // namespace

std::optional<Rle> rle_from_string(std::string_view text, std::int64_t height, std::int64_t width) {
  std::vector<std::int64_t> counts;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::size_t i = counts.size();
    const std::int64_t count = *number + (i >= kFirstDifference ? counts[i - 2] : 0);
    if (count < 0 || count > kRleMaxPixels) return std::nullopt;
    counts.push_back(count);
  }
  return rle_from_counts(counts, height, width);
}

std::string rle_to_string(const Rle& rle) {
  std::string text;
  for (std::size_t i = 0; i < rle.counts.size(); ++i) {
    append_number(text,
                  std::int64_t{rle.counts[i]} - (i >= kFirstDifference ? rle.counts[i - 2] : 0));
  }
  return text;
}

}  // namespace litebench::kernels
