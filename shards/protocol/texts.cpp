#include <array>
#include <cassert>

#include "base/unicode.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::protocol {
namespace {

/// A template is what stands before and after the expression.
struct Template {
  std::string_view before, after;
};

// Templates 5 to 8 and 13 to 16 of upstream.md §3.2 are their four predecessors without the last
// character.
constexpr std::array<Template, kTemplates> kQuestions{{
    {"Can you segment the ", " in this image?"},
    {"Please segment ", " in this image."},
    {"What is ", " in this image? Please respond with segmentation mask."},
    {"What is ", " in this image? Please output segmentation mask."},
    {"Can you segment the ", " in this image"},
    {"Please segment ", " in this image"},
    {"What is ", " in this image? Please respond with segmentation mask"},
    {"What is ", " in this image? Please output segmentation mask"},
    {"Could you provide a segmentation mask for the ", " in this image?"},
    {"Please identify and segment the ", " in this image."},
    {"Where is the ", " in this picture? Please respond with a segmentation mask."},
    {"Can you highlight the ", " in this image with a segmentation mask?"},
    {"Could you provide a segmentation mask for the ", " in this image"},
    {"Please identify and segment the ", " in this image"},
    {"Where is the ", " in this picture? Please respond with a segmentation mask"},
    {"Can you highlight the ", " in this image with a segmentation mask"},
}};

constexpr std::array<std::string_view, kAnswers> kAnswerTexts = {
    "It is [SEG].", "Sure, [SEG].", "Sure, it is [SEG].", "Sure, the segmentation result is [SEG].",
    "[SEG].",
};

}  // namespace

std::string question(std::int32_t template_index, std::string_view expression) {
  assert(template_index >= 0 && template_index < kTemplates);
  const Template& chosen = kQuestions[static_cast<std::size_t>(template_index)];
  std::string text(chosen.before);
  text += python_lower(python_strip(expression));
  text += chosen.after;
  return text;
}

std::string_view answer(std::int32_t answer_index) {
  assert(answer_index >= 0 && answer_index < kAnswers);
  return kAnswerTexts[static_cast<std::size_t>(answer_index)];
}

}  // namespace litebench::protocol
