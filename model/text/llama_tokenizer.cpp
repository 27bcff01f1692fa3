#include "model/text/llama_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include <fmt/core.h>
#include <sentencepiece_processor.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"

namespace litebench::model {
namespace {

constexpr std::string_view kAdvice = "Copy the tokenizer files of the checkpoint again.";
constexpr std::int64_t kMaxId =
    std::int64_t{1} << 24;  // far above any vocabulary; keeps sizes derived from it sane

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{}: unusable tokenizer", file.string()), reason,
              kAdvice);
}

/// A token that is cut out of the text before SentencePiece sees it.
struct CutToken {
  std::string text;
  std::int64_t id = 0;
  bool strips_left = true, strips_right = true;  ///< white space next to it vanishes
};

// What Python's str.strip() removes: Zs, and the bidirectional classes B, S and WS.
bool is_python_space(UChar32 c) {
  const auto direction = u_charDirection(c);
  return u_charType(c) == U_SPACE_SEPARATOR || direction == U_WHITE_SPACE_NEUTRAL ||
         direction == U_BLOCK_SEPARATOR || direction == U_SEGMENT_SEPARATOR;
}

std::string_view left_stripped(std::string_view text) {
  const auto size = static_cast<std::int32_t>(text.size());
  std::int32_t begin = 0;
  for (std::int32_t next = 0; next < size; begin = next) {
    UChar32 c = 0;
    U8_NEXT(text.data(), next, size, c);
    if (c < 0 || !is_python_space(c)) break;
  }
  return text.substr(begin);
}

std::string_view right_stripped(std::string_view text) {
  std::int32_t end = static_cast<std::int32_t>(text.size());
  for (std::int32_t previous = end; previous > 0; end = previous) {
    UChar32 c = 0;
    U8_PREV(text.data(), 0, previous, c);
    if (c < 0 || !is_python_space(c)) break;
  }
  return text.substr(0, end);
}

struct SpecialToken {
  std::string text;
  bool strips_left = false, strips_right = false;
};

// Stored as an object, a token says what it strips; stored as a plain string it strips both sides,
// like added tokens.
SpecialToken read_special(const json::Value& map, std::string_view key,
                          std::string_view otherwise) {
  const auto value = map.find(key);
  if (!value || value->is_null()) return {std::string(otherwise)};
  if (value->is_string()) return {std::string(value->as_string()), true, true};
  const auto flag = [&](std::string_view name) {
    const auto found = value->find(name);
    return found && found->as_bool();
  };
  return {std::string(value->at("content").as_string()), flag("lstrip"), flag("rstrip")};
}

}  // namespace

struct LlamaTokenizer::Impl {
  std::filesystem::path folder;
  sentencepiece::SentencePieceProcessor pieces;
  std::vector<CutToken> cut;  // longest first, so that the first match at a position is the longest
  std::int64_t bos = 1, size = 0;

  void load_pieces() {
    const auto path = folder / "tokenizer.model";
    const MappedFile file(path);
    const auto status = pieces.LoadFromSerializedProto(
        {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
    if (!status.ok()) refuse(path, status.ToString());
    size = pieces.GetPieceSize();
  }

  void add(std::string_view text, std::int64_t id, bool strips_left, bool strips_right,
           const std::filesystem::path& file) {
    if (text.empty()) refuse(file, "a token of no characters");
    for (const CutToken& other : cut) {
      if (other.text == text && other.id == id) return;
      if (other.text == text || other.id == id) {
        refuse(file,
               fmt::format("'{}' = {} clashes with '{}' = {}", text, id, other.text, other.id));
      }
    }
    cut.push_back({std::string(text), id, strips_left, strips_right});
    size = std::max(size, id + 1);
  }

  void load_added() {
    const auto path = folder / "added_tokens.json";
    const auto document = json::Document::load(path);
    if (!document.root().is_object()) refuse(path, "not an object of token: id");
    document.root().each_member([&](std::string_view token, json::Value value) {
      const std::int64_t id = value.as_int();
      if (id < 0 || id >= kMaxId) refuse(path, fmt::format("'{}' has the id {}", token, id));
      add(token, id, true, true, path);
    });
  }

  void load_special() {
    auto path = folder / "special_tokens_map.json";
    const bool given = std::filesystem::exists(path);
    const auto document =
        given ? json::Document::load(path) : json::Document::parse("{}", path.string());
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSpecial = {
        {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}}};
    for (const auto& [key, otherwise] : kSpecial) {
      const SpecialToken token = read_special(document.root(), key, otherwise);
      const std::int64_t id = id_in_vocabulary(token.text);
      if (id < 0) refuse(path, fmt::format("{} '{}' is in no vocabulary", key, token.text));
      add(token.text, id, token.strips_left, token.strips_right, path);
      if (key == "bos_token") bos = id;
    }
  }

  [[nodiscard]] std::int64_t id_in_vocabulary(const std::string& token) const {
    for (const CutToken& known : cut) {
      if (known.text == token) return known.id;
    }
    const int id = pieces.PieceToId(token);
    return pieces.IdToPiece(id) == token ? id : -1;  // an unknown piece gives unk's id
  }

  [[nodiscard]] const CutToken* cut_at(std::string_view rest) const {
    const auto found = std::find_if(cut.begin(), cut.end(), [&](const CutToken& token) {
      return rest.starts_with(token.text);
    });
    return found == cut.end() ? nullptr : &*found;
  }

  void encode_piece(std::string_view text, std::vector<std::int64_t>& ids) const {
    if (text.empty()) return;
    std::vector<int> found;
    const auto status = pieces.Encode({text.data(), text.size()}, &found);
    if (!status.ok()) refuse(folder / "tokenizer.model", status.ToString());
    ids.insert(ids.end(), found.begin(), found.end());
  }

  void encode(std::string_view text, std::vector<std::int64_t>& ids) const {
    const CutToken* before = nullptr;
    std::size_t begin = 0;
    const auto flush = [&](std::size_t end, const CutToken* after) {
      std::string_view piece = text.substr(begin, end - begin);
      if (before != nullptr && before->strips_right) piece = left_stripped(piece);
      if (after != nullptr && after->strips_left) piece = right_stripped(piece);
      encode_piece(piece, ids);
      if (after != nullptr) ids.push_back(after->id);
    };
    for (std::size_t at = 0; at < text.size();) {
      const CutToken* token = cut_at(text.substr(at));
      if (token == nullptr) {
        ++at;
        continue;
      }
      flush(at, token);
      at += token->text.size();
      begin = at;
      before = token;
    }
    flush(text.size(), nullptr);
  }
};

LlamaTokenizer::LlamaTokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LlamaTokenizer::~LlamaTokenizer() = default;
LlamaTokenizer::LlamaTokenizer(LlamaTokenizer&&) noexcept = default;
LlamaTokenizer& LlamaTokenizer::operator=(LlamaTokenizer&&) noexcept = default;

LlamaTokenizer LlamaTokenizer::load(const std::filesystem::path& folder) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->load_pieces();
  impl->load_added();
  impl->load_special();
  std::stable_sort(impl->cut.begin(), impl->cut.end(), [](const CutToken& a, const CutToken& b) {
    return a.text.size() > b.text.size();
  });
  return LlamaTokenizer(std::move(impl));
}

std::vector<std::int64_t> LlamaTokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> ids{impl_->bos};
  impl_->encode(text, ids);
  return ids;
}

std::vector<std::int64_t> LlamaTokenizer::encode_prompt(std::string_view text) const {
  constexpr std::string_view kImage = "<image>";
  std::vector<std::int64_t> ids{impl_->bos};
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(kImage, begin);
    impl_->encode(text.substr(begin, end - begin), ids);
    if (end == std::string_view::npos) return ids;
    ids.push_back(kImageToken);
    begin = end + kImage.size();
  }
}

std::optional<std::int64_t> LlamaTokenizer::id_of(std::string_view token) const {
  for (const CutToken& known : impl_->cut) {
    if (known.text == token) return known.id;
  }
  return {};
}

std::int64_t LlamaTokenizer::seg_id() const {
  if (const auto id = id_of("[SEG]")) return *id;
  refuse(impl_->folder / "added_tokens.json", "no '[SEG]' among the added tokens");
}

std::int64_t LlamaTokenizer::vocabulary() const { return impl_->size; }

}  // namespace litebench::model
