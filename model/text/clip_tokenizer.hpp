#pragma once
// CLIP's byte-level BPE (upstream.md §4.4), equal to the fast tokenizer the reference ran: NFC,
// white space runs to one space, lower case, then pieces, then merges.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace litebench::model {

/// Immutable after loading; safe to use from several threads.
class ClipTokenizer {
 public:
  /// Reads vocab.json and merges.txt. Errors: io (missing), data (malformed, merges that the
  /// vocabulary does not know).
  static ClipTokenizer load(const std::filesystem::path& folder, std::int64_t positions = 77);
  ~ClipTokenizer();
  ClipTokenizer(ClipTokenizer&&) noexcept;
  ClipTokenizer& operator=(ClipTokenizer&&) noexcept;

  /// `<|startoftext|>` … `<|endoftext|>`, cut to `positions` ids, unpadded.
  /// Throws Error{data} when the text is not UTF-8.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text) const;

  [[nodiscard]] std::int64_t end_id() const;      ///< also the padding
  [[nodiscard]] std::int64_t vocabulary() const;  ///< largest id + 1

 private:
  struct Impl;
  explicit ClipTokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace litebench::model
