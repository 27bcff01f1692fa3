#include "model/text/conversation.hpp"

#include <fmt/core.h>

namespace litebench::model {
namespace {

// The wording is part of the model: it was trained on exactly these characters (upstream.md §3.1).
constexpr std::string_view kSystem =
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions. ";
constexpr std::string_view kBegin =
    "The <im_start><image><im_end> provides an overview of the picture.\n";

}  // namespace

std::string compose(std::span<const QuestionAnswer> turns) {
  std::string text(kSystem);
  std::string_view begin = kBegin;
  for (const QuestionAnswer& turn : turns) {
    text += fmt::format("USER: {}{} ASSISTANT: {}</s>", begin, turn.question, turn.answer);
    begin = {};
  }
  return text;
}

std::vector<std::int64_t> seg_input_positions(std::span<const std::int64_t> ids,
                                              std::int64_t seg_id) {
  std::vector<std::int64_t> positions;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == seg_id) positions.push_back(static_cast<std::int64_t>(i));
  }
  return positions;
}

}  // namespace litebench::model
