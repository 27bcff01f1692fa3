#include "harness/evaluate/prompts.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "model/text/clip_tokenizer.hpp"
#include "model/text/conversation.hpp"
#include "model/text/llama_tokenizer.hpp"

namespace litebench::evaluate {
namespace {

class Tokenized final : public Prompts {
 public:
  Tokenized(const std::string& glamm, const std::string& clip, const model::Geometry& geometry)
      : llama_(model::LlamaTokenizer::load(glamm)),
        clip_(model::ClipTokenizer::load(clip, geometry.text.positions)),
        seg_(llama_.seg_id()),
        assistant_(llama_.encode("ASSISTANT:")) {
    assistant_.erase(assistant_.begin());  // bos
    check_vocabulary(glamm, llama_.vocabulary(), geometry.llama.vocab);
    check_vocabulary(clip, clip_.vocabulary(), geometry.text.vocab);
  }

  std::vector<std::int64_t> conversation(const std::vector<protocol::Turn>& turns) const override {
    std::vector<model::QuestionAnswer> parts;
    for (const protocol::Turn& turn : turns) parts.push_back({turn.question, turn.answer});
    return llama_.encode_prompt(model::compose(parts));
  }
  std::vector<std::int64_t> turn_ends(const std::vector<std::int64_t>& ids) const override {
    std::vector<std::int64_t> ends;
    for (auto at = ids.begin();; ++at) {
      at = std::search(at, ids.end(), assistant_.begin(), assistant_.end());
      if (at == ids.end()) return ends;
      ends.push_back(at - ids.begin() + std::ssize(assistant_) - 1);
    }
  }
  std::vector<std::int64_t> clip_text(std::string_view text) const override {
    return clip_.encode(text);
  }
  std::int64_t seg_token() const override { return seg_; }

 private:
  static void check_vocabulary(const std::string& folder, std::int64_t tokenizer,
                               std::int64_t table) {
    if (tokenizer <= table) return;
    throw Error(ExitCode::data,
                fmt::format("the tokenizer in {} does not fit its checkpoint", folder),
                fmt::format("it has ids up to {}, the embedding has {} rows", tokenizer - 1, table),
                "use the tokenizer files that came with the weights");
  }

  model::LlamaTokenizer llama_;
  model::ClipTokenizer clip_;
  std::int64_t seg_;
  std::vector<std::int64_t> assistant_;  // what every answer follows (upstream.md §3.1)
};

class MadeUp final : public Prompts {
 public:
  MadeUp(const model::Geometry& geometry, std::int64_t prompt_tokens)
      : llama_vocab_(geometry.llama.vocab),
        clip_vocab_(geometry.text.vocab),
        tokens_(prompt_tokens) {}

  std::vector<std::int64_t> conversation(const std::vector<protocol::Turn>& turns) const override {
    // The fixed beginning (bos, system prompt, <im_start>) and the place of the image are those of
    // real prompts.
    std::vector<std::int64_t> ids = {1};
    std::string text;
    for (const protocol::Turn& turn : turns) text += turn.question;
    for (std::int64_t i = 1; i < kImageAt; ++i) ids.push_back(plain_id("system", i));
    ids.push_back(kPlaceholder);
    const auto turn_count = static_cast<std::int64_t>(turns.size());
    const std::int64_t rest = tokens_ - kImageAt;
    for (std::int64_t t = 0; t < turn_count; ++t) {
      const std::int64_t length = rest / turn_count + (t < rest % turn_count ? 1 : 0);
      for (std::int64_t i = 0; i < length; ++i) {
        // a real turn ends in `[SEG] . </s>`
        ids.push_back(i == length - 3 ? seg_token() : plain_id(text, t * 1000 + i));
      }
    }
    return ids;
  }

  /// The made-up answer begins with its [SEG].
  std::vector<std::int64_t> turn_ends(const std::vector<std::int64_t>& ids) const override {
    std::vector<std::int64_t> ends;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == seg_token()) ends.push_back(static_cast<std::int64_t>(i) - 1);
    }
    return ends;
  }

  std::vector<std::int64_t> clip_text(std::string_view text) const override {
    std::vector<std::int64_t> ids = {clip_vocab_ - 2};
    for (std::int64_t i = 1; i + 1 < kClipTokens; ++i) {
      ids.push_back(static_cast<std::int64_t>(hash64(text, static_cast<std::uint64_t>(i)) %
                                              static_cast<std::uint64_t>(clip_vocab_ - 2)));
    }
    ids.push_back(clip_vocab_ - 1);
    return ids;
  }
  std::int64_t seg_token() const override { return llama_vocab_ - 3; }

 private:
  static constexpr std::int64_t kImageAt = 36, kPlaceholder = -200, kClipTokens = 20;

  [[nodiscard]] std::int64_t plain_id(std::string_view text, std::int64_t salt) const {
    constexpr std::int64_t kFirst = 3, kAdded = 7;  // unk, bos, eos before; added tokens behind
    const auto span = static_cast<std::uint64_t>(llama_vocab_ - kFirst - kAdded);
    return kFirst +
           static_cast<std::int64_t>(hash64(text, static_cast<std::uint64_t>(salt)) % span);
  }

  std::int64_t llama_vocab_, clip_vocab_, tokens_;
};

}  // namespace

std::unique_ptr<Prompts> tokenized_prompts(const std::string& glamm, const std::string& clip,
                                           const model::Geometry& geometry) {
  return std::make_unique<Tokenized>(glamm, clip, geometry);
}

std::unique_ptr<Prompts> made_up_prompts(const model::Geometry& geometry,
                                         std::int64_t prompt_tokens) {
  return std::make_unique<MadeUp>(geometry, prompt_tokens);
}

}  // namespace litebench::evaluate
