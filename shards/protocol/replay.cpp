#include <fmt/core.h>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/mapped_file.hpp"
#include "shards/protocol/protocol.hpp"

namespace litebench::protocol {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view split,
                         std::int64_t image_id, std::string_view reason) {
  throw Error(ExitCode::data,
              fmt::format("cannot replay {}: image {} of {}", path.string(), image_id, split),
              reason, "number templates and answers from 0, and name every image of a split once");
}

std::vector<Replay::Choice> read_turns(const std::filesystem::path& path, std::string_view split,
                                       std::int64_t image_id, json::Value turns) {
  std::vector<Replay::Choice> choices;
  turns.each([&](json::Value turn) {
    const std::int64_t template_index = turn.at("template").as_int(),
                       answer_index = turn.at("answer").as_int();
    if (template_index < 0 || template_index >= kTemplates) {
      refuse(path, split, image_id,
             fmt::format("template {} is not one of 0 to {}", template_index, kTemplates - 1));
    }
    if (answer_index < 0 || answer_index >= kAnswers) {
      refuse(path, split, image_id,
             fmt::format("answer {} is not one of 0 to {}", answer_index, kAnswers - 1));
    }
    choices.push_back({turn.at("sent_id").as_int(), static_cast<std::int32_t>(template_index),
                       static_cast<std::int32_t>(answer_index)});
  });
  if (choices.empty()) refuse(path, split, image_id, "it has no turns");
  return choices;
}

}  // namespace

Replay Replay::load(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  const json::Document document = json::Document::parse(text, path.string());
  Replay replay;
  replay.hash_ = hash64(text);
  document.root().each_member([&](std::string_view split, json::Value images) {
    auto& entries = replay.splits_[std::string(split)];
    images.each([&](json::Value image) {
      const std::int64_t image_id = image.at("image_id").as_int();
      auto choices = read_turns(path, split, image_id, image.at("turns"));
      if (!entries.emplace(image_id, std::move(choices)).second)
        refuse(path, split, image_id, "it is named twice");
    });
  });
  return replay;
}

const std::vector<Replay::Choice>* Replay::find(std::string_view dataset_split,
                                                std::int64_t image_id) const {
  const auto split = splits_.find(dataset_split);
  if (split == splits_.end()) return nullptr;
  const auto image = split->second.find(image_id);
  return image == split->second.end() ? nullptr : &image->second;
}

}  // namespace litebench::protocol
