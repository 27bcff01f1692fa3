#pragma once
// Bundles with contents that follow from their number, and a scratch folder.

#include <filesystem>
#include <string>

#include <fmt/core.h>
#include <stdlib.h>

#include "shards/store/shard.hpp"

namespace litebench::store::sample {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "lb-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch folder");
    path_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Provenance provenance(std::string attempt = "20250101T000000Z-host-1-0") {
  Provenance p;
  p.attempt = std::move(attempt);
  p.rank = 1;
  p.ranks = 2;
  p.family = "f00d";
  p.pack = "beef";
  p.plan = "cafe";
  p.family_parts = {{"weights", "1"}, {"dtype", "fp32"}};
  p.pack_parts = {{"variants", "none,litelvlm@192"}};
  p.config = "[run]\nseed = 17\n";
  p.datasets = {"refcoco"};
  p.splits = {"refcoco/val"};
  p.variants = {"none", "litelvlm@192"};
  p.variant_json = {"{}", "{\"tokens\":192}"};
  p.protocol_json = {"{\"name\":\"strict\"}"};
  p.environment = {{"host", "a\"b\\c\xff"}};   // quotes and bytes that are no UTF-8
  return p;
}

/// The text that only bundle `number` holds.
inline std::string mark(std::uint64_t number) { return fmt::format("mask-of-bundle-{:06}-unit", number); }

inline Bundle bundle(std::uint64_t number, int units = 3) {
  Bundle b;
  b.commit.bundle_id = number;
  b.commit.image_id = static_cast<std::int64_t>(1000 + number);
  b.commit.duration_ns = 2'000'000'000;
  b.images.push_back({static_cast<std::int64_t>(1000 + number), 480, 640, 0, b.put("COCO_train2014.jpg")});
  b.samples.push_back({.sample_id = number * 7, .image_id = static_cast<std::int64_t>(1000 + number), .turns = 1});
  b.sentences.push_back({.sample_id = number * 7, .sent_id = 5, .text = b.put("the left one"), .target = b.put("rle")});
  for (int i = 0; i < units; ++i) {
    const auto variant = static_cast<std::int16_t>(i);
    b.expressions.push_back({.sample_id = number * 7, .variant = variant, .intersection = i, .union_ = i + 10,
                             .mask_hash = number * 31 + static_cast<std::uint64_t>(i), .mask = b.put(mark(number))});
    b.units.push_back({.sample_id = number * 7, .variant = variant, .kept = 192, .total_ns = i});
    b.tokens.push_back({.sample_id = number * 7, .variant = variant, .indices = b.put(std::string(384, 'i'))});
  }
  return b;
}

}  // namespace litebench::store::sample
