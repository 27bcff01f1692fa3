#include "model/text/clip_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>

#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"
#include "base/unicode.hpp"

namespace litebench::model {
namespace {

constexpr std::string_view kStart = "<|startoftext|>", kEnd = "<|endoftext|>", kWordEnd = "</w>";
constexpr std::size_t kMaxMerges = 49152 - 256 - 2;  // what the reference reads of merges.txt
constexpr std::int64_t kMaxId = std::int64_t{1} << 24;

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{}: unusable CLIP tokenizer", file.string()), reason,
              "Copy the tokenizer files of the checkpoint again.");
}

void append(std::string& text, UChar32 c) {
  char bytes[U8_MAX_LENGTH];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, c);
  text.append(bytes, size);
}

/// The printable character that stands for a byte in vocab.json: itself where it prints, else one
/// from 256 upwards.
std::array<std::string, 256> byte_names() {
  std::array<std::string, 256> names;
  UChar32 next = 256;
  for (UChar32 byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    append(names[byte], prints ? byte : next++);
  }
  return names;
}

/// NFC, then white space runs to one space, then lower case character by character (no final sigma,
/// no locale).
std::string normalised(std::string_view text) {
  const std::string composed = nfc(text);
  std::string out;
  bool in_space = false;
  const auto size = static_cast<std::int32_t>(composed.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(composed.data(), at, size, c);
    const bool space = u_isUWhiteSpace(c);
    if (space && !in_space) out += ' ';
    in_space = space;
    if (space) continue;
    append(out, u_tolower(c));
    if (c == 0x130) append(out, 0x307);  // the one letter whose lower case is two characters
  }
  return out;
}

enum class Kind : std::uint8_t { letter, number, space, other };

Kind kind_at(std::string_view text, std::int32_t& at) {
  UChar32 c = 0;
  U8_NEXT_OR_FFFD(text.data(), at, static_cast<std::int32_t>(text.size()), c);
  if (c == ' ') return Kind::space;
  const auto mask = U_GET_GC_MASK(c);
  if ((mask & U_GC_L_MASK) != 0) return Kind::letter;
  return (mask & U_GC_N_MASK) != 0 ? Kind::number : Kind::other;
}

std::size_t contraction(std::string_view text) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  return 0;
}

/// Length of the word at the beginning of `text`: contraction, letters, one number, or other signs;
/// 0 for a space.
std::size_t word_length(std::string_view text) {
  if (const std::size_t length = contraction(text)) return length;
  std::int32_t end = 0;
  const Kind kind = kind_at(text, end);
  if (kind == Kind::space) return 0;
  if (kind == Kind::number) return end;
  for (std::int32_t next = end; next < static_cast<std::int32_t>(text.size()); end = next) {
    if (kind_at(text, next) != kind) break;
  }
  return end;
}

struct Merge {
  std::int32_t rank = 0;
  std::int64_t id = 0;
};

std::uint64_t pair_key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
}

}  // namespace

struct ClipTokenizer::Impl {
  std::unordered_map<std::string, std::int64_t> ids;
  std::unordered_map<std::uint64_t, Merge> merges;
  std::array<std::int64_t, 256> byte_id{}, last_byte_id{};
  std::int64_t start = 0, end = 0, size = 0, positions = 77;

  void load_vocabulary(const std::filesystem::path& path) {
    const auto document = json::Document::load(path);
    if (!document.root().is_object()) refuse(path, "not an object of token: id");
    document.root().each_member([&](std::string_view token, json::Value value) {
      const std::int64_t id = value.as_int();
      if (id < 0 || id >= kMaxId) refuse(path, fmt::format("'{}' has the id {}", token, id));
      ids.emplace(token, id);
      size = std::max(size, id + 1);
    });
    const auto names = byte_names();
    for (int byte = 0; byte < 256; ++byte) {
      byte_id[byte] = id_of(names[byte], path);
      last_byte_id[byte] = id_of(names[byte] + std::string(kWordEnd), path);
    }
    start = id_of(std::string(kStart), path);
    end = id_of(std::string(kEnd), path);
  }

  [[nodiscard]] std::int64_t id_of(const std::string& token,
                                   const std::filesystem::path& path) const {
    const auto found = ids.find(token);
    if (found == ids.end()) refuse(path, fmt::format("'{}' is not in the vocabulary", token));
    return found->second;
  }

  void load_merges(const std::filesystem::path& path) {
    const MappedFile file(path);
    std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    for (std::size_t line_number = 0; !text.empty() && merges.size() < kMaxMerges; ++line_number) {
      std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line_number == 0 || (line.empty() && text.empty()))
        continue;  // the first line is a version
      const std::size_t gap = line.find(' ');
      if (line.empty() || gap == 0 || gap >= line.size() - 1 ||
          line.find(' ', gap + 1) != std::string_view::npos) {
        refuse(path, fmt::format("line {} is not two tokens", line_number + 1));
      }
      const std::string left(line.substr(0, gap)), right(line.substr(gap + 1));
      const std::uint64_t key = pair_key(id_of(left, path), id_of(right, path));
      merges.emplace(key, Merge{static_cast<std::int32_t>(line_number), id_of(left + right, path)});
    }
    if (merges.empty()) refuse(path, "no merges");
  }

  /// Joins neighbours by rising rank, leftmost first, until no pair is a merge.
  void encode_word(std::string_view word, std::vector<std::int64_t>& out) const {
    struct Symbol {
      std::int64_t id;
      std::int32_t previous, next;
    };
    using Candidate =
        std::tuple<std::int32_t, std::int32_t, std::uint64_t>;  // rank, position, pair
    std::vector<Symbol> symbols;
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
    const auto count = static_cast<std::int32_t>(word.size());
    for (std::int32_t i = 0; i < count; ++i) {
      const auto byte = static_cast<unsigned char>(word[i]);
      symbols.push_back(
          {i + 1 < count ? byte_id[byte] : last_byte_id[byte], i - 1, i + 1 < count ? i + 1 : -1});
    }
    const auto consider = [&](std::int32_t at) {
      if (at < 0 || symbols[at].next < 0) return;
      const std::uint64_t key = pair_key(symbols[at].id, symbols[symbols[at].next].id);
      if (const auto merge = merges.find(key); merge != merges.end())
        candidates.emplace(merge->second.rank, at, key);
    };
    for (std::int32_t i = 0; i < count; ++i) consider(i);
    while (!candidates.empty()) {
      const auto [rank, at, key] = candidates.top();
      candidates.pop();
      Symbol& left = symbols[at];
      if (left.id < 0 || left.next < 0 || pair_key(left.id, symbols[left.next].id) != key)
        continue;  // merged since
      Symbol& right = symbols[left.next];
      left.id = merges.at(key).id;
      left.next = right.next;
      right.id = -1;
      if (left.next >= 0) symbols[left.next].previous = at;
      consider(left.previous);
      consider(at);
    }
    for (std::int32_t i = 0; i >= 0 && i < count; i = symbols[i].next) out.push_back(symbols[i].id);
  }

  void encode_plain(std::string_view text, std::vector<std::int64_t>& out) const {
    while (!text.empty() && out.size() < static_cast<std::size_t>(positions)) {
      const std::size_t length = word_length(text);
      if (length > 0) encode_word(text.substr(0, length), out);
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
  }
};

ClipTokenizer::ClipTokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClipTokenizer::~ClipTokenizer() = default;
ClipTokenizer::ClipTokenizer(ClipTokenizer&&) noexcept = default;
ClipTokenizer& ClipTokenizer::operator=(ClipTokenizer&&) noexcept = default;

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& folder, std::int64_t positions) {
  auto impl = std::make_unique<Impl>();
  impl->positions = positions;
  impl->load_vocabulary(folder / "vocab.json");
  impl->load_merges(folder / "merges.txt");
  return ClipTokenizer(std::move(impl));
}

std::vector<std::int64_t> ClipTokenizer::encode(std::string_view text) const {
  const std::string normal = normalised(text);
  std::string_view rest = normal;
  std::vector<std::int64_t> ids{impl_->start};
  const std::size_t most = impl_->positions - 1;
  while (!rest.empty() && ids.size() < most) {
    // The two special tokens are recognised inside a text too; an embedded end is then the row that
    // is pooled.
    const std::size_t at = std::min(rest.find(kStart), rest.find(kEnd));
    impl_->encode_plain(rest.substr(0, at), ids);
    if (at == std::string_view::npos) break;
    const bool is_start = rest.substr(at).starts_with(kStart);
    ids.push_back(is_start ? impl_->start : impl_->end);
    rest.remove_prefix(at + (is_start ? kStart : kEnd).size());
  }
  if (ids.size() > most) ids.resize(most);
  ids.push_back(impl_->end);
  return ids;
}

std::int64_t ClipTokenizer::end_id() const { return impl_->end; }
std::int64_t ClipTokenizer::vocabulary() const { return impl_->size; }

}  // namespace litebench::model
