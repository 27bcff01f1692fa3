#pragma once
// The prompt of one sample (upstream.md §3.1): Q questions with their teacher-forced answers.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::model {

struct QuestionAnswer {
  std::string_view question;
  std::string_view answer;
};

/// The `llava_v1` conversation with the image before the first question, as text for
/// LlamaTokenizer::encode_prompt.
std::string compose(std::span<const QuestionAnswer> turns);

/// Where `seg_id` stands among the input ids (the image counts as one id).
std::vector<std::int64_t> seg_input_positions(std::span<const std::int64_t> ids,
                                              std::int64_t seg_id);

}  // namespace litebench::model
