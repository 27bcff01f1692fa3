#pragma once
// LLaMA's tokenizer as the reference ran it: SentencePiece on the pieces between added tokens, each
// with its own dummy prefix ("legacy" behaviour, upstream.md §3.5). Newer tokenizers give other
// ids.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace litebench::model {

/// Stands for the image among the ids of a prompt.
inline constexpr std::int64_t kImageToken = -200;

/// Immutable after loading; safe to use from several threads.
class LlamaTokenizer {
 public:
  /// Reads tokenizer.model, added_tokens.json and, when there, special_tokens_map.json.
  /// Errors: io (missing), data (malformed, clashing ids).
  static LlamaTokenizer load(const std::filesystem::path& folder);
  ~LlamaTokenizer();
  LlamaTokenizer(LlamaTokenizer&&) noexcept;
  LlamaTokenizer& operator=(LlamaTokenizer&&) noexcept;

  /// bos, then the text. No eos.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text) const;
  /// As encode(), with `kImageToken` wherever the text says `<image>`.
  [[nodiscard]] std::vector<std::int64_t> encode_prompt(std::string_view text) const;

  /// Id of an added or special token ("[SEG]", "</s>"); nothing when there is no such token.
  [[nodiscard]] std::optional<std::int64_t> id_of(std::string_view token) const;
  /// "[SEG]"'s id; throws Error{data} when the checkpoint has none.
  [[nodiscard]] std::int64_t seg_id() const;
  /// Largest id + 1, added tokens included.
  [[nodiscard]] std::int64_t vocabulary() const;

 private:
  struct Impl;
  explicit LlamaTokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace litebench::model
