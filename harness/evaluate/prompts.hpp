#pragma once
// Conversations as token ids: through the checkpoint's tokenizers, or made up for random weights,
// which have none.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/geometry.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::evaluate {

/// Thread-safe.
class Prompts {
 public:
  virtual ~Prompts() = default;
  /// bos, text, one placeholder (−200) for the image, text with one [SEG] per turn.
  [[nodiscard]] virtual std::vector<std::int64_t> conversation(
      const std::vector<protocol::Turn>& turns) const = 0;
  /// Where the last id of every question stands, right before its answer.
  [[nodiscard]] virtual std::vector<std::int64_t> turn_ends(
      const std::vector<std::int64_t>& conversation) const = 0;
  /// CLIP ids of one text, unpadded.
  [[nodiscard]] virtual std::vector<std::int64_t> clip_text(std::string_view text) const = 0;
  [[nodiscard]] virtual std::int64_t seg_token() const = 0;
};

/// Tokenizers of the two checkpoint folders. Errors: io, data.
std::unique_ptr<Prompts> tokenized_prompts(const std::string& glamm, const std::string& clip,
                                           const model::Geometry& geometry);

/// Ids drawn from the texts' hashes so that a conversation has `prompt_tokens` tokens beside the
/// image (upstream.md §9.2 takes 128) and a CLIP text 20: the shapes that cost depends on, without
/// a tokenizer. [SEG] is the vocabulary's last but two.
std::unique_ptr<Prompts> made_up_prompts(const model::Geometry& geometry,
                                         std::int64_t prompt_tokens);

}  // namespace litebench::evaluate
