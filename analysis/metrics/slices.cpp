#include "analysis/metrics/slices.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

namespace litebench::analysis {
namespace {

constexpr std::int64_t kSmall = 32LL * 32, kMedium = 96LL * 96;  // COCO's areas

constexpr std::array<std::string_view, 30> kPlaceWords{
    "top",     "bottom", "upper",   "lower",      "middle",     "center",   "centre",   "front",
    "back",    "behind", "above",   "below",      "corner",     "side",     "edge",     "near",
    "nearest", "next",   "closest", "closer",     "far",        "farthest", "furthest", "between",
    "under",   "over",   "beside",  "background", "foreground", "end"};

std::int32_t size_class(std::int64_t area) {
  if (area == 0) return 3;
  if (area < kSmall) return 0;
  return area < kMedium ? 1 : 2;
}

std::int32_t word_class(const std::vector<std::string>& words) {
  const auto has = [&](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const bool left = has("left") || has("leftmost"), right = has("right") || has("rightmost");
  if (left != right) return left ? 0 : 1;
  const bool placed = left || std::any_of(kPlaceWords.begin(), kPlaceWords.end(), has);
  return placed ? 2 : 3;
}

std::int32_t length_class(std::size_t words) {
  if (words <= 2) return 0;
  if (words <= 4) return 1;
  return words <= 8 ? 2 : 3;
}

std::string_view text_of(const Run& run, const results::Sentence& sentence) {
  return {reinterpret_cast<const char*>(run.bytes.data() + sentence.text.offset),
          sentence.text.length};
}

/// Area of the target of every sentence; −1 where no expression of it was evaluated.
std::vector<std::int64_t> target_areas(const Run& run) {
  std::vector<std::int64_t> areas(run.sentences.size(), -1);
  const std::vector<std::size_t> sentences = starts_of(run.samples, run.sentences);
  const std::vector<std::size_t> expressions = starts_of(run.samples, run.expressions);
  for (std::size_t s = 0; s < run.samples.size(); ++s) {
    for (std::size_t row = expressions[s]; row < expressions[s + 1]; ++row) {
      const results::Expression& e = run.expressions[row];
      if (e.status != store::Status::ok) continue;
      for (std::size_t i = sentences[s]; i < sentences[s + 1]; ++i) {
        if (run.sentences[i].turn == e.turn) areas[i] = e.target_area + e.overlap_area;
      }
    }
  }
  return areas;
}

Slicing by_category(const Run& run) {
  Slicing out{"category", {}, {}};
  std::map<std::int64_t, std::int32_t> ids;
  for (const results::Sentence& sentence : run.sentences) ids.emplace(sentence.category_id, 0);
  for (auto& [id, index] : ids) {
    index = static_cast<std::int32_t>(out.classes.size());
    out.classes.push_back(category_name(id));
  }
  for (const results::Sentence& sentence : run.sentences)
    out.of_sentence.push_back(ids.at(sentence.category_id));
  return out;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool letter = byte >= 0x80 || (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (letter && !inside) words.emplace_back();
    if (letter) words.back() += lower;
    inside = letter || (inside && c == '\'');  // "man's" is one word
  }
  return words;
}

Slicing slice_by(const Run& run, std::string_view name) {
  if (name == "category") return by_category(run);
  Slicing out{std::string(name), {}, std::vector<std::int32_t>(run.sentences.size(), -1)};
  if (name == "size") {
    out.classes = {"small", "medium", "large", "no target"};
    const std::vector<std::int64_t> areas = target_areas(run);
    for (std::size_t i = 0; i < areas.size(); ++i)
      out.of_sentence[i] = areas[i] < 0 ? -1 : size_class(areas[i]);
    return out;
  }
  const bool by_words = name == "words";
  out.classes = by_words
                    ? std::vector<std::string>{"left", "right", "other place", "no place"}
                    : std::vector<std::string>{"1-2 words", "3-4 words", "5-8 words", "9+ words"};
  for (std::size_t i = 0; i < run.sentences.size(); ++i) {
    const std::vector<std::string> words = words_of(text_of(run, run.sentences[i]));
    out.of_sentence[i] = by_words ? word_class(words) : length_class(words.size());
  }
  return out;
}

std::vector<std::vector<CellEstimate>> estimate_slices(const Run& run, const Pairing& pairing,
                                                       const Slicing& slicing, SumOptions sums,
                                                       const InferenceOptions& options) {
  const std::vector<std::size_t> starts = starts_of(run.samples, run.sentences);
  sums.cells = slicing.classes.size();
  sums.sums = kPixelSums;
  sums.cell_of = [&](std::size_t sample, std::int8_t turn) {
    for (std::size_t i = starts[sample]; i < starts[sample + 1]; ++i) {
      if (run.sentences[i].turn == turn) return slicing.of_sentence[i];
    }
    return -1;
  };
  return estimate_cells(run, pairing, sums, options);
}

}  // namespace litebench::analysis
